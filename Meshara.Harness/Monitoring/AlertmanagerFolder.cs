using System.Text.RegularExpressions;
using YamlDotNet.RepresentationModel;

namespace Meshara.Harness.Monitoring;

/// <summary>
/// Alertmanager's configuration as it lies in <c>/etc/alertmanager</c> of the container: <c>alertmanager.yml</c> and
/// <c>templates/</c> copied from <c>alerts/</c>. Secrets are files that the operator puts there; none is ever generated.
/// Two things differ where the place does: the mail catcher is called <c>mailpit</c> where a container network gives it that
/// name, but here nothing does; and without a folder for the secrets Alertmanager shows alerts but notifies nobody, so that a mesh
/// on one's own machine needs no account with anybody. Where the folder is, somebody is to be notified, and every secret has to be there.
/// </summary>
internal static partial class AlertmanagerFolder
{
    /// <summary>Alone, without the ten seconds that it otherwise waits for others to gossip with.</summary>
    public const string Alone = "--cluster.listen-address=";

    /// <summary>What Alertmanager is started with in its folder.</summary>
    /// <param name="listen">Where it listens, as host:port.</param>
    public static IReadOnlyList<string> Arguments(string listen) =>
        ["--config.file=alertmanager.yml", "--storage.path=data", Alone, $"--web.listen-address={listen}"];

    /// <summary>Writes the folder.</summary>
    /// <param name="alerts">The folder with the project's own files.</param>
    /// <param name="folder">Where to write.</param>
    /// <param name="mail">The SMTP server to use instead of <c>mailpit:1025</c>, as host:port.</param>
    /// <returns>The secrets of all receivers when somebody is notified; none when nobody is.</returns>
    /// <exception cref="FileNotFoundException">There is no <c>alertmanager.yml</c>.</exception>
    /// <exception cref="StackException">Somebody is to be notified, and a secret is not there.</exception>
    public static IReadOnlyList<string> Write(string alerts, string folder, string mail)
    {
        var secrets = RequireSecrets(alerts, folder);
        Directory.CreateDirectory(folder);
        var configuration = MailCatcher().Replace(File.ReadAllText(Path.Combine(alerts, "alertmanager.yml")), "${setting}" + mail);
        PrometheusFolder.CopyAll(Path.Combine(alerts, "templates"), Path.Combine(folder, "templates"), "*.tmpl");

        File.WriteAllText(Path.Combine(folder, "alertmanager.yml"), WithoutSecrets(configuration, _ => secrets.Count == 0));
        return secrets;
    }

    /// <summary>Looks for the secrets, without writing anything.</summary>
    /// <returns>Their files when somebody is notified; none where no folder for them exists.</returns>
    /// <exception cref="FileNotFoundException">There is no <c>alertmanager.yml</c>.</exception>
    /// <exception cref="StackException">The folder exists, and a secret is missing, empty or unreadable.</exception>
    public static IReadOnlyList<string> RequireSecrets(string alerts, string folder)
    {
        var configuration = File.ReadAllText(Path.Combine(alerts, "alertmanager.yml"));
        var files = SecretFiles(configuration).Select(file => Path.Combine(folder, file)).ToList();
        if (!files.Exists(file => Directory.Exists(Path.GetDirectoryName(file))))
            return [];
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

    /// <summary>The files that a configuration reads secrets from: the values of its <c>…_file</c> settings.</summary>
    internal static IEnumerable<string> SecretFiles(string configuration) =>
        Parse(configuration).AllNodes.OfType<YamlMappingNode>().SelectMany(SecretsOf).Distinct();

    /// <summary>
    /// The configuration without the integrations (and global settings) that read a secret that is not there; as it is when all are.
    /// </summary>
    /// <param name="configuration">The text of <c>alertmanager.yml</c>.</param>
    /// <param name="isMissing">True for the path of a secret, as it stands there, that does not exist.</param>
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

    [GeneratedRegex(@"^(?<setting>[ \t]*smtp_smarthost:[ \t]*)mailpit:1025\b", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex MailCatcher();
}
