using System.Text;
using Google.Protobuf;
using Meshara.Node.Gossip;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

/// <summary>Broadcasts follow a tree that the nodes build and repair themselves.</summary>
public sealed class TreeTests
{
    [Fact]
    public async Task Copies_cease_when_the_nodes_have_found_a_tree()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(12);
        await mesh.AreAllConnectedAsync();
        for (var i = 0; i < 5; i++)
            await SpreadAsync(nodes, nodes[i], $"finds the tree {i}");
        var before = nodes.Sum(Duplicates);
        for (var i = 0; i < 12; i++)
            await SpreadAsync(nodes, nodes[i], $"takes the tree {i}");
        // 132 deliveries; flooding to four peers makes about three copies of each.
        Assert.InRange(nodes.Sum(Duplicates) - before, 0, 132 / 4);
        Assert.InRange(nodes.Sum(node => node.Get<Broadcaster>().Eager.Count), 2 * 11, 4 * 11);
    }

    [Fact]
    public async Task Broadcasts_reach_everyone_after_a_hub_disconnects()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(10);
        await mesh.AreAllConnectedAsync();
        for (var i = 0; i < 3; i++)
            await SpreadAsync(nodes, nodes[i], $"before {i}");
        var victim = nodes.MaxBy(node => node.Get<Broadcaster>().Eager.Count)!;
        foreach (var connection in victim.Swarm.Connections)
            connection.Abort("network");
        var others = nodes.Where(node => node != victim).ToList();
        for (var i = 0; i < 3; i++)
            await SpreadAsync(others, others[i], $"after {i}");
    }

    [Fact]
    public async Task A_copy_makes_a_link_lazy_and_a_miss_makes_it_eager_again()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        await using var other = new TransportEnd();
        await other.JoinAsync(node);
        var connection = await peer.JoinAsync(node);
        await Eventually.TrueAsync(() => peer.Frames.Any(entry => entry.Frame.Want is { Graft: true }), "the node wants a link");
        var frame = Peers.Broadcast(peer.Identity, "twice");
        await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => peer.Frames.Any(entry => entry.Frame.BodyCase == Frame.BodyOneofCase.Prune), "the node gives the link up");

        await SendAsync(node, "not pushed");
        await Eventually.TrueAsync(() => Announced(peer).Count == 1, "it is announced");
        Assert.Empty(peer.Envelopes(MessageType.Broadcast));

        await connection.SendAsync(new Frame { Want = new Want { Graft = true, Keys = { Announced(peer)[0] } } }, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => peer.Envelopes(MessageType.Broadcast).Count == 1, "what was missed comes");
        await SendAsync(node, "pushed");
        await Eventually.TrueAsync(() => peer.Envelopes(MessageType.Broadcast).Count == 2, "the next one comes unasked");
        Assert.Single(Announced(peer));
    }

    [Fact]
    public async Task However_close_two_copies_follow_each_other_the_link_they_came_over_is_given_up()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        await using var other = new TransportEnd(); // without any link, the node would restore one at once
        await other.JoinAsync(node);
        var connection = await peer.JoinAsync(node);
        await Eventually.TrueAsync(() => node.Get<Broadcaster>().Eager.Count == 2, "the node has its links");
        for (var i = 0; i < 100; i++)
        {
            var copies = Enumerable.Repeat(Peers.Broadcast(peer.Identity, $"copies {i}"), 3).ToList();
            foreach (var copy in copies)
                await connection.SendAsync(copy, TestContext.Current.CancellationToken);
            await node.ReceivesAsync($"copies {i}");
            await Eventually.TrueAsync(() => Duplicates(node) == 2 * (i + 1), "two copies are dropped");
            await Eventually.TrueAsync(() => node.Get<Broadcaster>().Eager.SequenceEqual([other.Identity.Address]), "the link is given up");
        }
    }

    [Fact]
    public async Task What_was_pushed_into_a_connection_that_broke_is_announced_on_the_next_one()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        await Eventually.TrueAsync(() => node.Get<Broadcaster>().Eager.Count == 1, "the node has a link");
        await SendAsync(node, "perhaps lost");
        await Eventually.TrueAsync(() => peer.Envelopes(MessageType.Broadcast).Count == 1, "it is pushed");
        Assert.Empty(Announced(peer));

        connection.Abort("network");
        await Eventually.TrueAsync(() => Announced(peer).Count == 1, "the node has dialled again and announced it");
    }

    [Fact]
    public async Task A_broadcast_is_asked_of_one_peer_at_a_time_until_one_has_it()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var silent = new TransportEnd();
        await using var helpful = new TransportEnd();
        var (first, second) = (await silent.JoinAsync(node), await helpful.JoinAsync(node));
        var frame = Peers.Broadcast(silent.Identity, "wanted");
        var key = new BroadcastKey(silent.Identity.Address, Peers.IdOf(frame)).ToWire();
        helpful.OnFrame = async (connection, asked) =>
        {
            if (asked.Want?.Keys.Count > 0)
                await connection.SendAsync(frame, TestContext.Current.CancellationToken);
        };
        await AnnounceAsync(first, key);
        await Eventually.TrueAsync(() => Asked(silent) == 1, "the first announcer is asked");
        await AnnounceAsync(second, key);
        await node.ReceivesAsync("wanted");
        Assert.Equal((1, 1), (Asked(silent), Asked(helpful)));
        Assert.Equal(0, Duplicates(node));
    }

    [Fact]
    public async Task A_node_takes_no_more_links_than_twice_the_fan_out_but_of_those_that_miss_something()
    {
        await using var mesh = new MeshFixture(("Gossip:Fanout", "1"));
        var node = await mesh.StartAsync();
        var peers = Enumerable.Range(0, 4).Select(_ => new TransportEnd()).ToList();
        foreach (var peer in peers)
            await (await peer.JoinAsync(node)).SendAsync(new Frame { Want = new Want { Graft = true } }, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => peers.Count(Refused) == 2, "those beyond the limit are refused");
        Assert.Equal(2, node.Get<Broadcaster>().Eager.Count);
        foreach (var peer in peers)
            await peer.DisposeAsync();

        static bool Refused(TransportEnd peer) => peer.Frames.Any(entry => entry.Frame.BodyCase == Frame.BodyOneofCase.Prune);
    }

    private static IReadOnlyList<ByteString> Announced(TransportEnd peer) =>
        [.. peer.Frames.Where(entry => entry.Frame.BodyCase == Frame.BodyOneofCase.Announce).SelectMany(entry => entry.Frame.Announce.Keys)];

    private static int Asked(TransportEnd peer) => peer.Frames.Sum(entry => entry.Frame.Want?.Keys.Count ?? 0);

    private static double Duplicates(MeshPeer node) => node.Metrics.Sum("meshara.messages.dropped", "duplicate");

    private static async Task AnnounceAsync(PeerConnection connection, ByteString key) =>
        await connection.SendAsync(new Frame { Announce = new Announce { Keys = { key } } }, TestContext.Current.CancellationToken);

    private static async Task SpreadAsync(IReadOnlyList<MeshPeer> nodes, MeshPeer origin, string text)
    {
        await SendAsync(origin, text);
        await Task.WhenAll(nodes.Where(node => node != origin).Select(node => node.ReceivesAsync(text)));
    }

    private static async Task SendAsync(MeshPeer node, string text) =>
        await node.Messenger.BroadcastAsync(Encoding.UTF8.GetBytes(text), TestContext.Current.CancellationToken);
}
