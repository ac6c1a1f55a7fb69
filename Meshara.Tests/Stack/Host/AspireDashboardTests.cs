using System.Text.RegularExpressions;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Host;

/// <summary>Aspire's dashboard as a user sees it, in a real browser.</summary>
[Collection(MeshCollection.Name)]
public sealed partial class AspireDashboardTests
{
    // docs/telemetry.md, "Traces": the spans of one private message between connected nodes.
    // The dashboard names send_message and receive_message by the messaging conventions: MSG, system and destination.
    private static readonly string[] SenderSpans = ["MSG meshara", "create_message", "encrypt", "sign", "route_message", "find_route", "send_to_peer", "write_bytes", "ack_received"];
    private static readonly string[] RecipientSpans = ["verify", "decrypt", "deliver", "send_ack"];

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
        await browser.ReadsAsync(text => RunningNodes().Count(text) == 5 && Has(text, "delivered", "Missing, install elasticsearch or start Docker"), Test);
        await browser.TakeAsync("dashboard-resources");
        // The resource mesh links the page that shows it.
        var map = await browser.Page.EvaluateAsync<string>("document.querySelector('a[href*=\"/console/\"]').href");

        // Milestones of a single message are logged at DEBUG.
        foreach (var node in mesh.Nodes)
            await node.SetLogLevelAsync("meshara=debug", Test);
        var id = await mesh.Nodes[0].SendAsync(mesh.Nodes[2], "seen in the dashboard", Test);
        await mesh.Nodes[2].ReceiveAsync("seen in the dashboard", Test);

        await browser.GoAsync($"{dashboard}/structuredlogs?filters=messageId:equals:{id}");
        // Nodes export their lines independently, so those of one may arrive before the other's.
        await browser.ReadsAsync(text => TraceLink().IsMatch(text) && Has(text, "Message acknowledged by its recipient", "node-1", "node-3"), Test);
        await browser.TakeAsync("dashboard-logs");

        var trace = await browser.Page.EvaluateAsync<string>("document.querySelector('a[href*=\"/traces/detail/\"]').getAttribute('href')");
        // The link's query opens the line's span next to the tree, which leaves no room for the column with node names.
        await browser.GoAsync(new Uri(new Uri(dashboard), trace).GetLeftPart(UriPartial.Path));
        await browser.ReadsAsync(text => Has(text, [.. SenderSpans, .. RecipientSpans, "node-1", "node-3"]), Test);
        await browser.TakeAsync("dashboard-trace");

        await browser.ShowsAsync($"{dashboard}/metrics/resource/node-1?meter=Meshara&instrument=meshara.messages.sent&duration=5", ".js-plotly-plot svg");
        await browser.TakeAsync("dashboard-metrics");

        await browser.GoAsync(map);
        await browser.HoldsAsync("meshara.map.drawn().nodes.filter(node => node.condition === 'healthy').length === 5 && meshara.view().totals.traffic.acknowledged > 1");
        await browser.HoldsAsync("document.getElementById('links').textContent.includes('prometheus')");
        await browser.TakeAsync("mesh-of-the-host");
    }

    private static bool Has(string text, params string[] parts) => parts.All(part => text.Contains(part, StringComparison.OrdinalIgnoreCase));

    [GeneratedRegex(@"^node-\d\s+Running\b", RegexOptions.Multiline)]
    private static partial Regex RunningNodes();

    [GeneratedRegex("^[0-9a-f]{7}$", RegexOptions.Multiline)]
    private static partial Regex TraceLink();
}
