using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Meshara.Harness.Monitoring;

/// <summary>
/// Alertmanager's configuration folder, laid out like <c>/etc/alertmanager</c> in the container: <c>alertmanager.yml</c> and
/// <c>templates/</c> are copied from <c>alerts/</c>; secrets are files that the operator adds and are never generated. Two things differ
/// from the container. The SMTP server's address is replaced, because <c>mailpit</c> resolves only in a container network. And without a
/// folder for secrets, Alertmanager shows alerts but notifies nobody, so that a local mesh needs no account with any service. If the
/// folder exists, it must hold every secret except the address of a dead man's switch, which is optional.
/// </summary>
internal static partial class AlertmanagerFolder
{
    /// <summary>Disables clustering, and with it the ten seconds that Alertmanager waits for peers at startup.</summary>
    public const string Alone = "--cluster.listen-address=";

    /// <summary>The only optional secret: the address of a dead man's switch.</summary>
    public const string SwitchAddress = "secrets/dead_mans_switch_url";

    /// <summary>Arguments to start Alertmanager with, in its folder.</summary>
    /// <param name="listen">The address to listen on, as host:port.</param>
    public static IReadOnlyList<string> Arguments(string listen) =>
    [
        "--config.file=alertmanager.yml", "--storage.path=data", Alone, $"--web.listen-address={listen}",
        PrometheusFolder.ExternalUrl(listen),
    ];

    /// <summary>Writes the folder.</summary>
    /// <param name="alerts">The repository's <c>alerts/</c>.</param>
    /// <param name="folder">The folder to write.</param>
    /// <param name="mail">The SMTP server to use instead of <c>mailpit:1025</c>, as host:port.</param>
    /// <returns>Paths of all secrets; empty if there is no folder for them.</returns>
    /// <exception cref="FileNotFoundException">There is no <c>alertmanager.yml</c>.</exception>
    /// <exception cref="StackException">The folder for secrets exists, and a secret is missing, empty or unreadable.</exception>
    public static IReadOnlyList<string> Write(string alerts, string folder, string mail)
    {
        var secrets = RequireSecrets(alerts, folder);
        Directory.CreateDirectory(folder);
        var configuration = MailCatcher().Replace(File.ReadAllText(Path.Combine(alerts, "alertmanager.yml")), "${setting}" + mail);
        PrometheusFolder.CopyAll(Path.Combine(alerts, "templates"), Path.Combine(folder, "templates"), "*.tmpl");

        configuration = WithoutSecrets(configuration, _ => secrets.Count == 0);
        if (secrets.Count > 0 && Path.Combine(folder, SwitchAddress) is var file && File.Exists(file))
            configuration = WithSwitch(configuration, $"- url: '{File.ReadAllText(file).Trim()}'", "send_resolved: false");
        File.WriteAllText(Path.Combine(folder, "alertmanager.yml"), configuration);
        return secrets;
    }

    /// <summary>Gives the Watchdog receiver its webhook, in place of the commented-out example.</summary>
    /// <param name="configuration">The text of <c>alertmanager.yml</c>, as it is in the repository.</param>
    /// <param name="address">The first line of the list's only item.</param>
    /// <param name="setting">
    /// Its second line. It must turn off resolved notifications: the switch would take them for signs of life.
    /// </param>
    public static string WithSwitch(string configuration, string address, string setting) => SwitchComment().Replace(
        configuration, match => $"    webhook_configs:\n      {address}\n        {setting}\n");

    /// <summary>Checks that the secrets exist, without writing anything.</summary>
    /// <returns>Paths of all secrets; empty if there is no folder for them.</returns>
    /// <exception cref="FileNotFoundException">There is no <c>alertmanager.yml</c>.</exception>
    /// <exception cref="StackException">The folder for secrets exists, and a secret is missing, empty or unreadable.</exception>
    public static IReadOnlyList<string> RequireSecrets(string alerts, string folder)
    {
        var configuration = File.ReadAllText(Path.Combine(alerts, "alertmanager.yml"));
        var files = SecretFiles(configuration).Select(file => Path.Combine(folder, file)).ToList();
        if (!files.Exists(file => Directory.Exists(Path.GetDirectoryName(file))))
            return [];
        if (Path.Combine(folder, SwitchAddress) is var address && File.Exists(address))
            files.Add(address);
        var faults = files.Select(file => FaultOf(file) is { } fault ? $"{StackFiles.Shown(file)} {fault}" : null)
            .OfType<string>().ToList();
        return faults.Count == 0 ? files : throw new StackException(
            $"Alertmanager cannot notify: {string.Join("; ", faults)}. Put every secret there, "
            + $"or remove {StackFiles.Shown(Path.GetDirectoryName(files[0])!)} to notify nobody.",
            ExitCodes.Usage);
    }

    private static string? FaultOf(string secret)
    {
        try
        {
            return string.IsNullOrWhiteSpace(File.ReadAllText(secret)) ? "is empty" : null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return "is missing";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read ({exception.Message.TrimEnd('.')})";
        }
    }

    /// <summary>The files from which a configuration reads secrets: the values of its <c>…_file</c> settings.</summary>
    internal static IEnumerable<string> SecretFiles(string configuration) =>
        Parse(configuration).AllNodes.OfType<YamlMappingNode>().SelectMany(SecretsOf).Distinct();

    /// <summary>
    /// Removes the integrations and global settings whose secret is missing. Returns the text unchanged if none is.
    /// </summary>
    /// <param name="configuration">The text of <c>alertmanager.yml</c>.</param>
    /// <param name="isMissing">Tells whether a secret is missing, given its path as written in the configuration.</param>
    public static string WithoutSecrets(string configuration, Predicate<string> isMissing)
    {
        ArgumentNullException.ThrowIfNull(isMissing);
        if (!SecretFiles(configuration).Any(file => isMissing(file)))
            return configuration;
        var document = Parse(configuration);
        var root = (YamlMappingNode)document.RootNode;
        if (root.Children.TryGetValue("global", out var global) && global is YamlMappingNode settings)
        {
            var missing = settings.Children.Where(setting => IsSecret(setting.Key) && isMissing($"{setting.Value}")).ToList();
            foreach (var (key, value) in missing)
                settings.Children.Remove(key);
        }
        if (root.Children.TryGetValue("receivers", out var receivers))
        {
            bool Misses(YamlNode integration) =>
                integration.AllNodes.OfType<YamlMappingNode>().SelectMany(SecretsOf).Any(file => isMissing(file));
            foreach (var integrations in ((YamlSequenceNode)receivers).OfType<YamlMappingNode>()
                .SelectMany(receiver => receiver.Children.Values).OfType<YamlSequenceNode>())
            {
                foreach (var integration in integrations.Where(Misses).ToList())
                    integrations.Children.Remove(integration);
            }
        }
        using var text = new StringWriter();
        new YamlStream(document).Save(text, assignAnchors: false);
        return text.ToString();
    }

    private static YamlDocument Parse(string configuration)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(configuration));
        return stream.Documents[0];
    }

    private static IEnumerable<string> SecretsOf(YamlMappingNode mapping) =>
        mapping.Children.Where(setting => IsSecret(setting.Key)).Select(setting => $"{setting.Value}");

    private static bool IsSecret(YamlNode key) =>
        key is YamlScalarNode { Value: { } name } && name.EndsWith("_file", StringComparison.Ordinal);

    // Alertmanager 0.25, the version in Debian, does not support url_file, so the address itself is written.
    [GeneratedRegex(@"^    # webhook_configs:\n(    # +\S.*\n)+", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex SwitchComment();

    [GeneratedRegex(@"^(?<setting>[ \t]*smtp_smarthost:[ \t]*)mailpit:1025\b", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex MailCatcher();
}
