using System.Text.RegularExpressions;

namespace Meshara.AppHost.Local.Tools;

/// <summary>
/// Alertmanager's configuration as it lies in <c>/etc/alertmanager</c> of the container: <c>alertmanager.yml</c> and
/// <c>templates/</c> copied from <c>alerts/</c>. Secrets are files that the operator puts there; none is ever generated.
/// One line is changed: the mail catcher is called <c>mailpit</c> where a container network gives it that name, but here
/// nothing does.
/// </summary>
internal static partial class AlertmanagerFolder
{
    /// <summary>Writes the folder.</summary>
    /// <param name="alerts">The folder with the project's own files.</param>
    /// <param name="folder">Where to write.</param>
    /// <param name="mail">The SMTP server to use instead of <c>mailpit:1025</c>, as host:port.</param>
    /// <returns>Why Alertmanager cannot be started with it; null when it can.</returns>
    public static string? Write(string alerts, string folder, string mail)
    {
        var source = Path.Combine(alerts, "alertmanager.yml");
        if (!File.Exists(source))
            return "alerts/alertmanager.yml is not there";
        Directory.CreateDirectory(folder);
        var configuration = File.ReadAllText(source);
        File.WriteAllText(Path.Combine(folder, "alertmanager.yml"), MailCatcher().Replace(configuration, "${setting}" + mail));
        PrometheusFolder.CopyAll(Path.Combine(alerts, "templates"), Path.Combine(folder, "templates"), "*.tmpl");

        var missing = SecretFiles(configuration).Select(file => Path.Combine(folder, file)).Where(file => !File.Exists(file)).ToList();
        return missing.Count == 0 ? null : $"alerts/alertmanager.yml reads secrets from files that are not there: {string.Join(", ", missing)}";
    }

    /// <summary>The files that a configuration reads secrets from: the values of its <c>…_file</c> settings.</summary>
    internal static IEnumerable<string> SecretFiles(string configuration) =>
        FileSetting().Matches(configuration).Select(match => match.Groups["file"].Value).Distinct();

    [GeneratedRegex(@"^(?<setting>[ \t]*smtp_smarthost:[ \t]*)mailpit:1025\b", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex MailCatcher();

    // As in `      routing_key_file: secrets/pagerduty_key   # why` and `    - url_file: 'secrets/hook'`; a comment line does not match.
    [GeneratedRegex("""^[ \t-]*[a-z_]+_file:[ \t]*(?<quote>["']?)(?<file>[^"'#\r\n]*?)\k<quote>[ \t]*(?:#.*)?\r?$""", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex FileSetting();
}
