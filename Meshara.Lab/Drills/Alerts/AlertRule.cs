namespace Meshara.Lab.Drills.Alerts;

/// <summary>A rule as Prometheus has loaded it.</summary>
/// <param name="Alert">Its name.</param>
/// <param name="For">How long its condition must hold.</param>
/// <param name="Severity">Its <c>severity</c> label.</param>
internal sealed record AlertRule(string Alert, TimeSpan For, string Severity)
{
    /// <summary>Where <c>alertmanager.yml</c> should send it.</summary>
    public Channel Channel => Severity switch
    {
        "critical" => Channel.Pager,
        "warning" => Channel.Mail,
        _ => Channel.Nobody,
    };
}
