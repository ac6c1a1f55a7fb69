using System.Text.Json;
using System.Text.RegularExpressions;

namespace Meshara.Tests.Stack.Local;

/// <summary>What a mesh of real processes does for its users.</summary>
[Collection(MeshCollection.Name)]
public sealed class MeshTests(MeshTests.FiveNodes mesh) : IClassFixture<MeshTests.FiveNodes>
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    private IReadOnlyList<NodeClient> Nodes => mesh.Nodes;

    [Fact]
    public async Task Private_messages_arrive_between_all_pairs()
    {
        var pairs = Nodes.SelectMany(from => Nodes.Where(to => to != from).Select(to => (From: from, To: to, Text: $"{from.Name} to {to.Name}"))).ToList();
        Assert.Equal(20, pairs.Count);

        var sent = await Task.WhenAll(pairs.Select(async pair => (pair.From, pair.To, pair.Text, Id: await pair.From.SendAsync(pair.To, pair.Text, Test))));

        foreach (var (from, to, text, id) in sent)
        {
            var message = await to.ReceiveAsync(text, Test);
            Assert.Equal((id, from.Address, "private"), (message.Id, message.From, message.Type));
            await from.UntilAsync($"has '{text}' acknowledged", async () => await from.StateAsync(id, Test) == "acknowledged", Test);
        }
    }

    [Fact]
    public async Task A_broadcast_reaches_every_other_node()
    {
        var origin = Nodes[1];
        var id = await origin.BroadcastAsync("to everybody", Test);

        foreach (var node in Nodes.Where(node => node != origin))
        {
            var message = await node.ReceiveAsync("to everybody", Test);
            Assert.Equal((id, origin.Address, "broadcast"), (message.Id, message.From, message.Type));
        }
    }

    [Fact]
    public async Task A_node_that_joins_late_is_part_of_the_mesh()
    {
        await using var late = await SingleNode.StartAsync("late", [Nodes[0]], Test);

        await late.Client.SendAsync(Nodes[4], "hello from the late one", Test);
        Assert.Equal(late.Client.Address, (await Nodes[4].ReceiveAsync("hello from the late one", Test)).From);

        await Nodes[3].SendAsync(late.Client, "hello to the late one", Test);
        Assert.Equal(Nodes[3].Address, (await late.Client.ReceiveAsync("hello to the late one", Test)).From);

        await Nodes[2].BroadcastAsync("the late one too", Test);
        Assert.Equal("broadcast", (await late.Client.ReceiveAsync("the late one too", Test)).Type);
    }

    [Fact]
    public async Task A_node_that_leaves_is_missed_and_disturbs_nobody()
    {
        await using var leaving = await SingleNode.StartAsync("leaving", [Nodes[0]], Test);
        var gone = leaving.Client.Address;
        await Nodes[0].UntilAsync("sees the node", async () => (await Nodes[0].PeersAsync(Test)).Contains(gone), Test);

        Assert.Equal(0, await leaving.Process.StopAsync(Test));

        foreach (var node in Nodes)
            await node.UntilAsync("has dropped the node", async () => !(await node.PeersAsync(Test)).Contains(gone), Test);
        var waiting = await Nodes[0].SendAsync(leaving.Client, "nobody is home", Test);
        await Nodes[3].SendAsync(Nodes[4], "we go on", Test);
        await Nodes[4].ReceiveAsync("we go on", Test);
        Assert.Equal("pending", await Nodes[0].StateAsync(waiting, Test));
    }

    [Fact]
    public async Task A_node_that_is_killed_comes_back_as_itself_and_gets_what_was_sent_meanwhile()
    {
        await using var victim = await SingleNode.StartAsync("victim", [Nodes[0], Nodes[1]], Test);
        var address = victim.Client.Address;
        await victim.Process.KillAsync(Test);
        var id = await Nodes[2].SendAsync(victim.Client, "while you were away", Test);

        await victim.StartAsync(Test);

        Assert.Equal(address, victim.Client.Address);
        Assert.Equal(id, (await victim.Client.ReceiveAsync("while you were away", Test)).Id);
        await Nodes[2].UntilAsync("has the acknowledgment", async () => await Nodes[2].StateAsync(id, Test) == "acknowledged", Test);
    }

    [Fact]
    public async Task Nodes_that_nobody_can_dial_reach_each_other_through_a_relay()
    {
        // Neither advertises an endpoint, as behind NAT: no direct connection is possible.
        await using var left = await SingleNode.StartAsync("left", [Nodes[0]], Test, "--advertise", "none");
        await using var right = await SingleNode.StartAsync("right", [Nodes[1]], Test, "--advertise", "none");

        var there = await left.Client.SendAsync(right.Client, "over a relay", Test);
        Assert.Equal((there, left.Client.Address), await ReceiveAsync(right, "over a relay"));
        var back = await right.Client.SendAsync(left.Client, "and back", Test);
        Assert.Equal((back, right.Client.Address), await ReceiveAsync(left, "and back"));
        await left.Client.UntilAsync("has the acknowledgment", async () => await left.Client.StateAsync(there, Test) == "acknowledged", Test);

        Assert.DoesNotContain(right.Client.Address, await left.Client.PeersAsync(Test));
        // No private message reached `right` with zero hops: the bucket of zero hops is empty, but the total is not.
        var metrics = await right.Client.Http.GetStringAsync(right.Client.Endpoint.Metrics, Test);
        Assert.Matches(new Regex("""^meshara_message_hops_bucket\{message_type="private",le="0"\} 0$""", RegexOptions.Multiline), metrics);
        Assert.Matches(new Regex("""^meshara_message_hops_count\{message_type="private"\} [1-9]""", RegexOptions.Multiline), metrics);

        static async Task<(string, string)> ReceiveAsync(SingleNode node, string text)
        {
            var message = await node.Client.ReceiveAsync(text, Test);
            return (message.Id, message.From);
        }
    }

    [Fact]
    public async Task A_running_node_tells_how_it_fares()
    {
        var node = Nodes[0];
        await Nodes[1].SendAsync(node, "count me", Test);
        await node.ReceiveAsync("count me", Test);

        var health = JsonSerializer.Deserialize<JsonElement>(await node.Http.GetStringAsync("health", Test));
        Assert.Equal("Healthy", health.GetProperty("status").GetString());
        Assert.InRange(health.GetProperty("connected_peers").GetInt32(), 1, 1000);
        foreach (var path in (string[])["ready", "live"])
        {
            using var response = await node.Http.GetAsync(path, Test);
            Assert.True(response.IsSuccessStatusCode, path);
        }

        var metrics = await node.Http.GetStringAsync(node.Endpoint.Metrics, Test);
        Assert.Matches(new Regex("""^meshara_messages_received_total\{[^}]*message_type="private"[^}]*\} [1-9]""", RegexOptions.Multiline), metrics);
        Assert.Matches(new Regex(@"^meshara_connected_peers(\{[^}]*\})? [1-9]", RegexOptions.Multiline), metrics);
    }

    /// <summary>One mesh for all of these tests, which only add to it.</summary>
    public sealed class FiveNodes : IAsyncLifetime
    {
        private LocalMesh? _mesh;

        internal IReadOnlyList<NodeClient> Nodes => _mesh!.Nodes;

        public async ValueTask InitializeAsync() => _mesh = await LocalMesh.StartAsync(5, TestContext.Current.CancellationToken);

        public async ValueTask DisposeAsync()
        {
            if (_mesh is not null)
                await _mesh.DisposeAsync();
        }
    }
}
