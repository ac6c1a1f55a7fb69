using System.Collections.Concurrent;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Meshara.Tests.Routing;

/// <summary>A wrong answer costs only the peer that sends it, namely its connection.</summary>
public sealed class HostileAnswerTests
{
    [Fact]
    public async Task A_peer_that_answers_lookups_with_another_body_stops_no_node()
    {
        await using var mesh = new MeshFixture(("Routing:RefreshInterval", "00:00:00.500"));
        var nodes = await mesh.StartManyAsync(3);
        await using var hostile = Answering(new Frame { HandedOver = new HandedOver() });
        foreach (var node in nodes)
            await Record.ExceptionAsync(() => hostile.ConnectAsync(node)); // a node that has already met it through another refuses it
        await Eventually.TrueAsync(
            () => nodes.All(node => HasFailed(node) || node.Metrics.Sum("meshara.connections.closed", "protocol") > 0), "every node has had a wrong answer");
        Assert.All(nodes, node => Assert.Null(node.Get<MeshNode>().Failure));
        var status = await nodes[1].EndsAsync(await nodes[1].SendAsync(nodes[2], "still here"));
        Assert.Equal(MessageState.Acknowledged, status.State);
    }

    [Fact]
    public async Task A_node_that_joins_through_a_peer_with_wrong_answers_goes_on()
    {
        await using var mesh = new MeshFixture();
        await using var hostile = Answering(new Frame { Deposited = new Deposited() });
        var node = await mesh.StartAsync([], ("Mesh:Bootstrap", $"tcp://{hostile.Endpoint}"));
        await Eventually.TrueAsync(() => HasFailed(node) || node.Metrics.Sum("meshara.connections.closed", "protocol") > 0, "it has had a wrong answer");
        Assert.Null(node.Get<MeshNode>().Failure);
        var friend = await mesh.StartAsync([node]);
        await node.EndsAsync(await node.SendAsync(friend, "found each other"));
        await friend.ReceivesAsync("found each other");
    }

    [Fact]
    public async Task Maintenance_goes_on_after_a_round_that_failed_unexpectedly()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        var cache = new BrokenCache();
        using var stop = new CancellationTokenSource();
        var topology = new Topology(
            node.Get<NodeIdentity>(), Microsoft.Extensions.Options.Options.Create(new MeshOptions()), node.Get<Listener>(), node.Get<BootstrapResolver>(), node.Get<LocalRecord>(),
            node.Swarm, node.Get<Dht>(), node.Get<RoutingTable>(), node.Get<RouteCache>(), cache, node.Get<IOptions<RoutingOptions>>(), node.Get<MeshTelemetry>(), TimeProvider.System,
            NullLogger<Topology>.Instance);
        await using var friend = new TransportEnd();
        await friend.JoinAsync(node);
        var running = topology.RunAsync(stop.Token);
        await Eventually.InTimeAsync(topology.Joined);
        Assert.Equal(1, cache.Loads);
        Assert.True(node.Metrics.Sum("meshara.errors", "routing") >= 1);
        await stop.CancelAsync();
        await Eventually.InTimeAsync(running);
    }

    private static bool HasFailed(MeshPeer node) => node.Get<MeshNode>().Failure is not null;

    private static TransportEnd Answering(Frame answer)
    {
        var hostile = new TransportEnd();
        hostile.OnFrame = async (connection, frame) =>
        {
            if (frame.BodyCase != Frame.BodyOneofCase.FindNode)
                return;
            var wrong = answer.Clone();
            wrong.Correlation = frame.Correlation;
            await connection.SendAsync(wrong, CancellationToken.None);
        };
        return hostile;
    }

    private sealed class BrokenCache : IPeerCache
    {
        public int Loads { get; private set; }

        public ValueTask SavePeersAsync(IReadOnlyCollection<Meshara.Node.Protocol.PeerRecord> peers, CancellationToken cancellationToken) => throw new InvalidOperationException("a defect");

        public ValueTask<IReadOnlyList<PeerRecord>> LoadPeersAsync(CancellationToken cancellationToken)
        {
            Loads++;
            throw new InvalidOperationException("a defect");
        }
    }
}
