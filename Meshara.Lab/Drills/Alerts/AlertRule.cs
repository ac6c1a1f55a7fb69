namespace Meshara.Lab.Drills.Alerts;

/// <summary>A rule as Prometheus has loaded it.</summary>
/// <param name="Alert">Its name.</param>
/// <param name="For">How long its condition has to hold.</param>
/// <param name="Severity">How bad it is.</param>
internal sealed record AlertRule(string Alert, TimeSpan For, string Severity)
{
    /// <summary>Where <c>alertmanager.yml</c> is meant to send it.</summary>
    public Channel Channel => Severity switch
    {
        "critical" => Channel.Pager,
        "warning" => Channel.Mail,
        _ => Channel.Nobody,
    };
}
