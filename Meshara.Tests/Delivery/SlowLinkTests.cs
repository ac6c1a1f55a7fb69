using System.Net;
using System.Net.Sockets;
using Meshara.Harness.Network;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Delivery;

/// <summary>
/// Messages over a link that can carry only a small part of them at once: they wait for it, and are not sent again meanwhile.
/// </summary>
public sealed class SlowLinkTests : IAsyncDisposable
{
    private const int MessageBytes = 250 * 1024;
    private const int Count = 20;

    // One message takes half a second; all of one direction take ten.
    private static readonly LinkConditions Slow = new() { BytesPerSecond = 500_000, Latency = TimeSpan.FromMilliseconds(100) };

    private readonly MeshFixture _mesh = new(("Delivery:RetryBase", "00:00:01"), ("Delivery:RetryCap", "00:01:00"));
    private FaultyNetwork? _network;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _mesh.DisposeAsync();
        if (_network is not null)
            await _network.DisposeAsync();
    }

    [Fact]
    public async Task Messages_wait_for_a_slow_link_and_are_sent_once()
    {
        var bob = await BehindALinkAsync();
        var alice = await _mesh.StartAsync([bob], Through(bob));
        await alice.BecomesReadyAsync();
        await alice.EndsAsync(await alice.SendAsync(bob, "warm"));
        _network!.Conditions = Slow;

        var there = await SendAsync(alice, bob);
        var back = await SendAsync(bob, alice);
        await AcknowledgedAsync(alice, there);
        await AcknowledgedAsync(bob, back);

        AssertSentOnce(alice, bob);
        Assert.Equal(0, alice.Metrics.Sum("meshara.connections.closed"));
    }

    [Fact]
    public async Task Messages_wait_for_a_slow_link_behind_a_relay_and_are_sent_once()
    {
        var relay = await BehindALinkAsync();
        var alice = await _mesh.StartAsync([relay], ("Mesh:Bootstrap", $"tcp://{relay.Bound}"), ("Mesh:Advertise", "none"));
        var bob = await _mesh.StartAsync([relay], [.. Through(relay), ("Mesh:Advertise", "none")]);
        await alice.BecomesReadyAsync();
        await bob.BecomesReadyAsync();
        await alice.EndsAsync(await alice.SendAsync(bob, "warm"));
        Assert.False(alice.IsConnectedTo(bob));
        _network!.Conditions = Slow;

        await AcknowledgedAsync(alice, await SendAsync(alice, bob));

        AssertSentOnce(alice, bob);
    }

    [Fact]
    public async Task A_relay_behind_a_slow_link_keeps_every_message()
    {
        var relay = await BehindALinkAsync();
        var alice = await _mesh.StartAsync([relay], Through(relay));
        await alice.BecomesReadyAsync();
        using var offline = NodeIdentity.Generate();
        var record = PeerRecord.Create(offline, "offline", [], 1, DateTimeOffset.UtcNow.AddHours(1));
        var messages = Enumerable.Range(0, Count).Select(_ => Envelope(alice, record)).ToList();
        _network!.Conditions = Slow;

        var kept = await alice.Get<Depot>().DepositAsync(offline.Address, messages, Cancel);

        Assert.All(kept, copies => Assert.Equal(1, copies));
    }

    [Fact]
    public async Task A_long_message_on_a_very_slow_link_is_a_sign_of_life()
    {
        var bob = await BehindALinkAsync(("Transport:MinHeartbeatTimeout", "00:00:01"), ("Transport:MaxHeartbeatTimeout", "00:00:02"));
        var alice = await _mesh.StartAsync([bob], Through(bob));
        await alice.BecomesReadyAsync();
        await alice.EndsAsync(await alice.SendAsync(bob, "warm"));
        // A message takes more than three times the heartbeat timeout, and heartbeats queue behind it.
        _network!.Conditions = new LinkConditions { BytesPerSecond = 40_000 };

        await AcknowledgedAsync(alice, [await alice.Messenger.SendAsync(bob.Address, new byte[MessageBytes], null, Cancel)]);

        Assert.Equal(0, bob.Metrics.Sum("meshara.connections.closed"));
    }

    [Fact]
    public async Task A_node_joins_over_a_link_that_takes_seconds_for_a_round_trip()
    {
        var bob = await BehindALinkAsync();
        _network!.Conditions = new LinkConditions { Latency = TimeSpan.FromSeconds(1.5) };
        var alice = await _mesh.StartAsync([bob], Through(bob));

        await alice.BecomesReadyAsync();

        Assert.True(alice.IsConnectedTo(bob));
    }

    /// <summary>Starts a node that others reach only through the link.</summary>
    private async Task<MeshPeer> BehindALinkAsync(params (string, string)[] settings)
    {
        var port = Api.FreePort.Next();
        var peer = await _mesh.StartAsync([], [.. settings, ("Mesh:Advertise", $"127.0.0.1:{port}")]);
        _network = new FaultyNetwork([(1, port, peer.Bound.Port)], () => new Dictionary<int, int> { [Environment.ProcessId] = 1 }, seed: 1, TimeProvider.System);
        _network.Start();
        return peer;
    }

    private static (string, string)[] Through(MeshPeer peer) => [("Mesh:Bootstrap", $"tcp://{peer.Settings["Mesh:Advertise"]}")];

    private static async Task<List<MessageId>> SendAsync(MeshPeer sender, MeshPeer recipient)
    {
        var ids = new List<MessageId>();
        for (var i = 0; i < Count; i++)
            ids.Add(await sender.Messenger.SendAsync(recipient.Address, new byte[MessageBytes], TimeSpan.FromHours(1), Cancel));
        return ids;
    }

    private static async Task AcknowledgedAsync(MeshPeer sender, List<MessageId> ids)
    {
        foreach (var id in ids)
            Assert.Equal(MessageState.Acknowledged, (await sender.EndsAsync(id)).State);
    }

    /// <summary>Allows one duplicate in twenty: a machine that stalls for a second looks like packet loss.</summary>
    private static void AssertSentOnce(params MeshPeer[] peers) => Assert.InRange(
        peers.Sum(peer => peer.Metrics.Sum("meshara.messages.dropped", "duplicate")), 0, Count / 20);

    private static Envelope Envelope(MeshPeer sender, PeerRecord recipient)
    {
        var frame = Peers.Private(sender.Get<NodeIdentity>(), recipient, new string('x', MessageBytes));
        Assert.True(Node.Protocol.Envelope.TryParse(frame.Envelope, out var envelope, out _));
        envelope.LiveUntil(NodeClock.Of(sender.Get<TimeProvider>()).Steady + TimeSpan.FromHours(1));
        return envelope;
    }
}
