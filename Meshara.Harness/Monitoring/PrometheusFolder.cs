using System.Globalization;
using System.Text.Json;

namespace Meshara.Harness.Monitoring;

/// <summary>
/// Prometheus's configuration folder, laid out like <c>/etc/prometheus</c> in the container: <c>prometheus.yml</c> and <c>rules/</c> are
/// copied unchanged from <c>alerts/</c>, and <c>targets/</c> is generated.
/// </summary>
internal static class PrometheusFolder
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    /// <summary>Arguments that enable exemplars and set retention: the objectives need 30 days, which take 2 GB for five nodes.</summary>
    public static IReadOnlyList<string> Retention { get; } =
        ["--storage.tsdb.retention.time=35d", "--storage.tsdb.retention.size=8GB", "--enable-feature=exemplar-storage"];

    // Jobs of optional servers.
    private static readonly string[] Others = ["jaeger", "elasticsearch", "grafana"];

    /// <summary>Arguments to start Prometheus with, in its folder.</summary>
    /// <param name="listen">The address to listen on, as host:port.</param>
    public static IReadOnlyList<string> Arguments(string listen) =>
        ["--config.file=prometheus.yml", "--storage.tsdb.path=data", .. Retention, $"--web.listen-address={listen}", ExternalUrl(listen)];

    /// <summary>The option of Prometheus and Alertmanager that sets the base URL of links to them.</summary>
    public const string ExternalUrlOption = "--web.external-url=";

    /// <summary>The argument that sets the base URL of links to a server.</summary>
    /// <param name="address">The address at which users reach it, as host:port.</param>
    public static string ExternalUrl(string address) => $"{ExternalUrlOption}http://{address}";

    /// <summary>Writes the folder and deletes the rules and targets of an earlier run.</summary>
    /// <param name="alerts">The repository's <c>alerts/</c>.</param>
    /// <param name="folder">The folder to write.</param>
    /// <param name="stack">The nodes to scrape.</param>
    /// <param name="host">Host name or address at which Prometheus reaches the nodes.</param>
    /// <param name="prometheus">The address Prometheus scrapes itself at, as host:port.</param>
    /// <param name="alertmanager">The Alertmanager to scrape and send alerts to, as host:port; null for none.</param>
    /// <param name="others">Targets of the other running servers, as host:port, each with its job.</param>
    public static void Write(
        string alerts, string folder, Stack stack, string host, string prometheus, string? alertmanager,
        params IReadOnlyList<(string Job, string Target)> others)
    {
        ArgumentNullException.ThrowIfNull(stack);
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(alerts, "prometheus.yml"), Path.Combine(folder, "prometheus.yml"), overwrite: true);
        CopyAll(Path.Combine(alerts, "rules"), Path.Combine(folder, "rules"), "*.yml");

        var targets = Path.Combine(folder, "targets");
        Empty(targets);
        var nodes = stack.Nodes.ToDictionary(
            node => node.Name, node => string.Create(CultureInfo.InvariantCulture, $"{host}:{node.MetricsPort}"));
        foreach (var (name, text) in Targets(Stack.Cluster, nodes, prometheus, alertmanager, others))
            EndpointsFile.WriteAtomically(Path.Combine(targets, name), text);
    }

    /// <summary>The content of the files in <c>targets/</c>, by file name.</summary>
    /// <param name="cluster">The <c>cluster</c> label of every target.</param>
    /// <param name="nodes">The metrics endpoint of each node, as host:port by its name.</param>
    /// <param name="prometheus">The address Prometheus scrapes itself at, as host:port.</param>
    /// <param name="alertmanager">The Alertmanager to scrape and send alerts to, as host:port; null for none.</param>
    /// <param name="others">Targets of the other running servers, as host:port, each with its job. Other jobs get no targets.</param>
    public static IReadOnlyDictionary<string, string> Targets(
        string cluster, IReadOnlyDictionary<string, string> nodes, string prometheus, string? alertmanager,
        params IReadOnlyList<(string Job, string Target)> others)
    {
        TargetGroup Group(string target, string? node = null)
        {
            var labels = new Dictionary<string, string> { ["cluster"] = cluster };
            if (node is not null)
                labels["node"] = node;
            return new TargetGroup([target], labels);
        }

        string File(IEnumerable<TargetGroup> groups) => JsonSerializer.Serialize(groups, Json);
        var files = new Dictionary<string, string>
        {
            ["meshara.json"] = File(nodes.Select(node => Group(node.Value, node.Key))),
            ["prometheus.json"] = File([Group(prometheus)]),
            ["alertmanager.json"] = File(alertmanager is null ? [] : [Group(alertmanager)]),
        };
        foreach (var job in Others)
            files[$"{job}.json"] = File(others.Where(other => other.Job == job).Select(other => Group(other.Target)));
        return files;
    }

    /// <summary>Makes <paramref name="to"/> hold exactly the matching files of <paramref name="from"/>, which may not exist.</summary>
    public static void CopyAll(string from, string to, string pattern)
    {
        Empty(to);
        if (!Directory.Exists(from))
            return;
        foreach (var file in Directory.EnumerateFiles(from, pattern))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    private static void Empty(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
    }

    private sealed record TargetGroup(IReadOnlyList<string> Targets, Dictionary<string, string> Labels);
}
