using System.CommandLine;
using System.Globalization;
using Meshara.Node.Api.Contracts;

namespace Meshara.Node.Cli;

/// <summary><c>meshara status</c>: shows the node's identity, state and health.</summary>
internal static class StatusCommand
{
    public static Command Create(CliHost host)
    {
        var client = new ClientOptions();
        var ready = new Option<bool>("--ready") { Description = "Exit with 6 unless the node is ready; for health checks." };
        var command = new MeshCommand("status", "Shows who the node is, where it stands and how it feels. Exits 0 whenever the node answers.",
            "meshara status",
            "meshara status --ready || systemctl restart meshara",
            "meshara status --node http://127.0.0.1:8081 --json | jq -r .node.address");
        client.AddTo(command);
        command.Add(ready);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var node = client.Connect(parsed, host);
            var output = client.Output(parsed, host);
            var report = new StatusReport(await node.GetNodeAsync(cancellationToken), await node.GetHealthAsync(cancellationToken));
            output.Write(report, MeshJson.Default.StatusReport, status => Show(output, status));
            return parsed.GetValue(ready) && report.Node.State != NodeState.Ready ? ExitCodes.Unreachable : ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>Formats a duration with two units at most: <c>3d 4h</c>, <c>5m 12s</c>.</summary>
    internal static string Duration(TimeSpan time)
    {
        var t = time < TimeSpan.Zero ? TimeSpan.Zero : time;
        return FormattableString.Invariant(t switch
        {
            { TotalDays: >= 1 } => (FormattableString)$"{(int)t.TotalDays}d {t.Hours}h",
            { TotalHours: >= 1 } => $"{t.Hours}h {t.Minutes}m",
            { TotalMinutes: >= 1 } => $"{t.Minutes}m {t.Seconds}s",
            _ => $"{t.Seconds}s",
        });
    }

    private static void Show(CliOutput output, StatusReport status)
    {
        var (node, health) = status;
        List<string> names = [], values = [];
        Row("name", node.Name);
        Row("address", node.Address);
        Row("node id", node.NodeId);
        Row("state", node.State switch { NodeState.Ready => "ready", NodeState.Draining => "draining", _ => "starting" });
        Row("health", Health(health));
        Row("version", node.Version);
        Row("uptime", Duration(TimeSpan.FromSeconds(health.Uptime)));
        Row("endpoints", node.Endpoints.Count == 0 ? "none, it only dials out" : string.Join(", ", node.Endpoints));
        Row("peers", health.ConnectedPeers.ToString(CultureInfo.InvariantCulture));
        Row("pending", health.PendingMessages.ToString(CultureInfo.InvariantCulture));
        Row("memory", string.Create(CultureInfo.InvariantCulture, $"{health.MemoryMb:F0} MB"));
        Row("cpu", string.Create(CultureInfo.InvariantCulture, $"{health.CpuPercent:F1} %"));
        output.WriteList(names, values);

        void Row(string name, string value)
        {
            names.Add(name);
            values.Add(Printable.Bounded(value, 400));
        }
    }

    private static string Health(HealthReport health)
    {
        var bad = health.Checks.Where(check => check.Value != "Healthy").Select(check => $"{check.Key} {check.Value}").ToArray();
        return bad.Length == 0 ? health.Status : $"{health.Status} ({string.Join(", ", bad)})";
    }
}
