using System.Text.Json;

namespace Meshara.Tests.Containers;

/// <summary>Prometheus scrapes the nodes and Alertmanager notifies people, with the files that every deployment uses.</summary>
public sealed class MonitoringContainerTests(ContainerStack stack) : IClassFixture<ContainerStack>, IAsyncDisposable
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => stack.ReportAsync();

    [Fact]
    public async Task Prometheus_scrapes_every_node_and_evaluates_every_rule()
    {
        var prometheus = await PrometheusContainer.UseAsync(stack);

        await stack.UntilAsync("all targets are up", async () => await prometheus.QueryAsync("count(up == 1)") == 5);
        await stack.UntilAsync("the members are those of the mesh", async () => await prometheus.QueryAsync("cluster:meshara_members:up") == 3);
        await stack.UntilAsync("the nodes agree about the membership",
            async () => await prometheus.QueryAsync("count(count_values(\"view\", meshara_membership_view))") == 1);
        var groups = (await prometheus.GetAsync("api/v1/rules")).GetProperty("groups").EnumerateArray().ToList();
        Assert.NotEmpty(groups);
        // Rules that are evaluated hourly may not have been evaluated yet.
        await stack.UntilAsync("every rule is healthy", async () => (await prometheus.GetAsync("api/v1/rules")).GetProperty("groups").EnumerateArray()
            .SelectMany(group => group.GetProperty("rules").EnumerateArray().Select(rule => (Health: rule.GetProperty("health").GetString(), Interval: group.GetProperty("interval").GetDouble())))
            .All(rule => rule.Health == "ok" || (rule.Health == "unknown" && rule.Interval >= 3600)));
    }

    [Fact]
    public async Task Messages_show_in_the_metrics_with_exemplars_that_lead_to_their_traces()
    {
        var prometheus = await PrometheusContainer.UseAsync(stack);
        var nodes = (await stack.UseAsync(MeshOfThree.StartAsync)).Nodes;
        var before = await prometheus.QueryAsync("sum(meshara_messages_received_total{message_type='private',node='node-2'})") ?? 0;

        await nodes[0].Client.SendAsync(nodes[1].Client, "count me", Test);
        await nodes[1].Client.ReceiveAsync("count me", Test);

        await stack.UntilAsync("the message is counted",
            async () => await prometheus.QueryAsync("sum(meshara_messages_received_total{message_type='private',node='node-2'})") > before);
        await stack.UntilAsync("its latency has an exemplar", async () => (await prometheus.GetAsync(
                $"api/v1/query_exemplars?query=meshara_message_latency_seconds_bucket&start={DateTimeOffset.UtcNow.AddMinutes(-10).ToUnixTimeSeconds()}&end={DateTimeOffset.UtcNow.AddMinutes(1).ToUnixTimeSeconds()}"))
            .EnumerateArray().SelectMany(series => series.GetProperty("exemplars").EnumerateArray())
            .Any(exemplar => exemplar.GetProperty("labels").GetProperty("trace_id").GetString() is { Length: 32 }));
    }

    [Fact]
    public async Task Alertmanager_pages_mails_and_calls_the_webhook_by_severity()
    {
        var alertmanager = await stack.UseAsync(AlertmanagerContainer.StartAsync);
        var receivers = alertmanager.Receivers;

        // A critical alert about a node inhibits warnings about it.
        await alertmanager.FireAsync("TestPage", "critical", "node-3", "Somebody is needed");
        await alertmanager.FireAsync("TestMail", "warning", "node-2", "Somebody should look");
        await alertmanager.FireAsync("TestHidden", "warning", "node-3", "Nobody is told");
        await alertmanager.FireAsync("TestNote", "info", "node-1", "Nobody is needed");

        await stack.UntilAsync("the page has come", () => Is(receivers.Pages.Any(page => AlertReceivers.Class(page) == "TestPage")));
        var page = receivers.Pages.First(page => AlertReceivers.Class(page) == "TestPage").GetProperty("payload");
        Assert.Equal(("critical", "node-3", "local"),
            (page.GetProperty("severity").GetString(), page.GetProperty("component").GetString(), page.GetProperty("group").GetString()));
        Assert.Contains("Somebody is needed", page.GetProperty("summary").GetString(), StringComparison.Ordinal);

        await stack.UntilAsync("the mail has come", () => Is(receivers.Mails.Any(mail => mail.Contains("TestMail", StringComparison.Ordinal))));
        var mail = receivers.Mails.First(mail => mail.Contains("TestMail", StringComparison.Ordinal));
        Assert.Contains("To: team@meshara.org", mail, StringComparison.Ordinal);
        Assert.Contains("Somebody should look", mail, StringComparison.Ordinal);

        await stack.UntilAsync("the webhook has been called", () => Is(receivers.Webhooks.Any(call => Named(call) == "TestNote")));
        // Each notification goes to one receiver only.
        Assert.All(receivers.Pages, one => Assert.NotEqual("TestNote", AlertReceivers.Class(one)));
        Assert.All(receivers.Mails, one => Assert.DoesNotMatch("TestPage|TestHidden", one));
    }

    private static string? Named(JsonElement webhook) => webhook.GetProperty("commonLabels").GetProperty("alertname").GetString();

    private static Task<bool> Is(bool value) => Task.FromResult(value);
}
