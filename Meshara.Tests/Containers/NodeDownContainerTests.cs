namespace Meshara.Tests.Containers;

/// <summary>
/// From a stopped container to a page, with the files and durations of every deployment. Separate from the other monitoring tests because
/// it takes minutes, in which those can run.
/// </summary>
public sealed class NodeDownContainerTests(ContainerStack stack) : IClassFixture<ContainerStack>, IAsyncDisposable
{
    public ValueTask DisposeAsync() => stack.ReportAsync();

    [Fact]
    public async Task A_node_that_is_stopped_calls_somebody_and_its_return_ends_the_alert()
    {
        var prometheus = await PrometheusContainer.UseAsync(stack);
        var alertmanager = await stack.UseAsync(AlertmanagerContainer.StartAsync);
        var node = (await stack.UseAsync(MeshOfThree.StartAsync)).Nodes[2];
        await stack.UntilAsync("all targets are up", async () => await prometheus.QueryAsync("count(up == 1)") == 5);

        await node.StopAsync();
        // The rule waits a minute, and Alertmanager ten seconds for other alerts of the group.
        await stack.UntilAsync("the page has come", () => Is(alertmanager.Receivers.Pages.Any(page => AlertReceivers.Class(page) == "NodeDown")), 2 * ContainerStack.Deadline);
        var page = alertmanager.Receivers.Pages.First(page => AlertReceivers.Class(page) == "NodeDown");
        Assert.Equal("node-3", page.GetProperty("payload").GetProperty("component").GetString());
        Assert.Contains(page.GetProperty("links").EnumerateArray(), link => link.GetProperty("href").GetString()!.EndsWith("/NodeDown.md", StringComparison.Ordinal));
        await node.StartAgainAsync();

        await stack.UntilAsync("the alert is over", async () => !(await alertmanager.AlertsAsync()).Contains("NodeDown"));
        Assert.Contains("Watchdog", await alertmanager.AlertsAsync());
    }

    private static Task<bool> Is(bool value) => Task.FromResult(value);
}
