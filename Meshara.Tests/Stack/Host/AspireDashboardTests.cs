using System.Text.RegularExpressions;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Host;

/// <summary>Aspire's dashboard as a person sees it, in a real browser.</summary>
[Collection(MeshCollection.Name)]
public sealed partial class AspireDashboardTests
{
    // docs/telemetry.md, "Traces": what one private message between connected nodes leaves.
    private static readonly string[] SenderSpans = ["send_message", "create_message", "encrypt", "sign", "route_message", "find_route", "send_to_peer", "write_bytes", "ack_received"];
    private static readonly string[] RecipientSpans = ["receive_message", "verify", "decrypt", "deliver", "send_ack"];

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_dashboard_shows_resources_a_message_and_its_trace_logs_and_metrics()
    {
        Assert.SkipWhen(Browser.Program is null, "Chromium is not installed");
        await using var mesh = await HostedMesh.StartAsync(5, Test, ["--traffic", "10", "--servers", "programs", "--without", "kibana"]);
        await mesh.Host.PrintsAsync("dashboard  http", Test);
        var login = mesh.Host.Output.Split('\n').Single(line => line.StartsWith("dashboard  ", StringComparison.Ordinal)).Split("  ")[1];
        var dashboard = new Uri(login).GetLeftPart(UriPartial.Authority);
        await using var browser = await Browser.StartAsync();

        await browser.GoAsync(login);
        var resources = await browser.ReadsAsync(text => RunningNodes().Count(text) == 5 && text.Contains("delivered", StringComparison.Ordinal), Test);
        Assert.Contains("Missing, install elasticsearch or start Docker", resources, StringComparison.OrdinalIgnoreCase);
        await browser.TakeAsync("dashboard-resources");

        // Milestones of a single message are logged at DEBUG.
        foreach (var node in mesh.Nodes)
            await node.SetLogLevelAsync("meshara=debug", Test);
        var id = await mesh.Nodes[0].SendAsync(mesh.Nodes[2], "seen in the dashboard", Test);
        await mesh.Nodes[2].ReceiveAsync("seen in the dashboard", Test);

        await browser.GoAsync($"{dashboard}/structuredlogs?filters=messageId:equals:{id}");
        var logs = await browser.ReadsAsync(text => text.Contains("Message acknowledged by its recipient", StringComparison.Ordinal) && TraceLink().IsMatch(text), Test);
        await browser.TakeAsync("dashboard-logs");
        Assert.Contains("node-1", logs, StringComparison.Ordinal);
        Assert.Contains("node-3", logs, StringComparison.Ordinal);

        var trace = await browser.Page.EvaluateExpressionAsync<string>("document.querySelector('a[href*=\"/traces/detail/\"]').getAttribute('href')");
        await browser.GoAsync(new Uri(new Uri(dashboard), trace).AbsoluteUri);
        var spans = await browser.ReadsAsync(text => SenderSpans.Concat(RecipientSpans).All(span => text.Contains(span, StringComparison.Ordinal)), Test);
        await browser.TakeAsync("dashboard-trace");
        Assert.Contains("node-1", spans, StringComparison.Ordinal);
        Assert.Contains("node-3", spans, StringComparison.Ordinal);

        await browser.ShowsAsync($"{dashboard}/metrics/resource/node-1?meter=Meshara&instrument=meshara.messages.sent&duration=5", ".js-plotly-plot svg");
        await browser.TakeAsync("dashboard-metrics");
    }

    [GeneratedRegex(@"^node-\d\s+Running\b", RegexOptions.Multiline)]
    private static partial Regex RunningNodes();

    [GeneratedRegex("^[0-9a-f]{7}$", RegexOptions.Multiline)]
    private static partial Regex TraceLink();
}
