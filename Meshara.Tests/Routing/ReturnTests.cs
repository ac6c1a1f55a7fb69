using Meshara.Node;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Meshara.Tests.Routing;

public sealed class ReturnTests
{
    [Fact]
    public async Task A_node_that_was_away_until_its_peers_records_expired_finds_them_again()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var friend = new TransportEnd();
        var old = PeerRecord.Create(friend.Identity, "friend", friend.Record.Endpoints, 1, DateTimeOffset.UtcNow.AddHours(-1));
        using var stop = new CancellationTokenSource();
        var topology = new Topology(
            node.Get<NodeIdentity>(), Microsoft.Extensions.Options.Options.Create(new MeshOptions()), node.Get<Listener>(), node.Get<BootstrapResolver>(), node.Get<LocalRecord>(),
            node.Swarm, node.Get<Dht>(), node.Get<RoutingTable>(), node.Get<RouteCache>(), new Saved(old), node.Get<IOptions<RoutingOptions>>(), node.Get<MeshTelemetry>(), TimeProvider.System,
            NullLogger<Topology>.Instance);
        var running = topology.RunAsync(stop.Token);
        await Eventually.TrueAsync(() => node.Swarm.TryGet(friend.Identity.Address, out _), "it is connected to the peer of its last run");
        await stop.CancelAsync();
        await Eventually.InTimeAsync(running);
    }

    private sealed class Saved(PeerRecord record) : IPeerCache
    {
        public ValueTask SavePeersAsync(IReadOnlyCollection<PeerRecord> peers, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask<IReadOnlyList<Meshara.Node.Protocol.Wire.PeerRecord>> LoadPeersAsync(CancellationToken cancellationToken) => new([record.Wire]);
    }
}
