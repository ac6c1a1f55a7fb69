using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Protocol.Compatibility;

/// <summary>A mesh is upgraded from the previous release to this one while in use.</summary>
public sealed class UpgradeTests
{
    private const string Variable = "MESHARA_PREVIOUS";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_of_the_previous_release_are_replaced_one_by_one_and_nothing_is_lost()
    {
        var previous = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(previous), $"{Variable} names no node program of the previous release.");
        Assert.True(File.Exists(previous), $"{Variable} names {previous}, which does not exist.");
        await using var first = await SingleNode.StartAsAsync(previous, "first", [], Cancel);
        await using var second = await SingleNode.StartAsAsync(previous, "second", [first.Client], Cancel);
        await using var third = await SingleNode.StartAsAsync(previous, "third", [first.Client, second.Client], Cancel);
        SingleNode[] nodes = [first, second, third];
        foreach (var node in nodes)
        {
            var others = nodes.Where(other => other != node).ToArray();
            await ExchangeAsync(node, others, "before");
            await node.Process.StopAsync(Cancel);
            // Accepted while it is down, and delivered to it in whatever version it returns.
            var waiting = await Task.WhenAll(others.Select(other => other.Client.SendAsync(node.Client, $"while down, by {other.Client.Name}", Cancel)));
            node.Program = HostProgram.Node;
            await node.StartAsync(Cancel);
            foreach (var (other, id) in others.Zip(waiting))
                await IsDeliveredAsync(other, node, id, $"while down, by {other.Client.Name}");
            await ExchangeAsync(node, others, "after");
        }
    }

    private static async Task ExchangeAsync(SingleNode node, SingleNode[] others, string when)
    {
        foreach (var other in others)
        {
            await IsDeliveredAsync(node, other, await node.Client.SendAsync(other.Client, $"{when}, by {node.Client.Name}", Cancel), $"{when}, by {node.Client.Name}");
            var answer = $"{when}, by {other.Client.Name} to {node.Client.Name}";
            await IsDeliveredAsync(other, node, await other.Client.SendAsync(node.Client, answer, Cancel), answer);
        }
        var text = $"{when}, to all by {node.Client.Name}";
        await node.Client.BroadcastAsync(text, Cancel);
        await Task.WhenAll(others.Select(other => other.Client.ReceiveAsync(text, Cancel)));
    }

    private static async Task IsDeliveredAsync(SingleNode from, SingleNode to, string id, string text)
    {
        await to.Client.ReceiveAsync(text, Cancel);
        await from.Client.UntilAsync($"has its message acknowledged by {to.Client.Name}", async () => await from.Client.StateAsync(id, Cancel) == "acknowledged", Cancel);
    }
}
