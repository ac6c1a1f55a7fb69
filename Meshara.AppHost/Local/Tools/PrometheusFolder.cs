using System.Globalization;
using System.Text.Json;

namespace Meshara.AppHost.Local.Tools;

/// <summary>
/// Prometheus' configuration as it lies in <c>/etc/prometheus</c> of the container: <c>prometheus.yml</c> and
/// <c>rules/</c> copied from <c>alerts/</c> as they are, and <c>targets/</c> generated.
/// </summary>
internal static class PrometheusFolder
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Writes the folder; what an earlier run left of rules and targets is gone.</summary>
    /// <param name="alerts">The folder with the project's own files.</param>
    /// <param name="folder">Where to write.</param>
    /// <param name="stack">What to scrape.</param>
    /// <param name="host">Host name or address of the nodes, as Prometheus sees them.</param>
    /// <param name="prometheus">Where Prometheus itself listens, as host:port.</param>
    /// <param name="alertmanager">Where alerts go, as host:port; null for nowhere.</param>
    public static void Write(string alerts, string folder, Stack stack, string host, string prometheus, string? alertmanager)
    {
        ArgumentNullException.ThrowIfNull(stack);
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(alerts, "prometheus.yml"), Path.Combine(folder, "prometheus.yml"), overwrite: true);
        CopyAll(Path.Combine(alerts, "rules"), Path.Combine(folder, "rules"), "*.yml");

        var targets = Path.Combine(folder, "targets");
        Empty(targets);
        Target(targets, "meshara.json", stack.Nodes.Select(node => Group(
            string.Create(CultureInfo.InvariantCulture, $"{host}:{node.MetricsPort}"), node.Name)));
        Target(targets, "prometheus.json", [Group(prometheus)]);
        Target(targets, "alertmanager.json", alertmanager is null ? [] : [Group(alertmanager)]);
        // This engine runs no Jaeger.
        Target(targets, "jaeger.json", []);
    }

    private static TargetGroup Group(string target, string? node = null)
    {
        var labels = new Dictionary<string, string> { ["cluster"] = Stack.Cluster };
        if (node is not null)
            labels["node"] = node;
        return new TargetGroup([target], labels);
    }

    /// <summary>Makes <paramref name="to"/> hold exactly the matching files of <paramref name="from"/>, which need not exist.</summary>
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

    private static void Target(string folder, string name, IEnumerable<TargetGroup> groups) =>
        EndpointsFile.WriteAtomically(Path.Combine(folder, name), JsonSerializer.Serialize(groups, Json));

    private sealed record TargetGroup(IReadOnlyList<string> Targets, Dictionary<string, string> Labels);
}
