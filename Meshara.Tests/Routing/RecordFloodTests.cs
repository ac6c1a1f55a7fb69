using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Tests.Mesh;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Routing;

/// <summary>Each record costs a verification, while a frame full of records costs its sender nothing.</summary>
public sealed class RecordFloodTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_that_tells_of_others_unasked_is_listened_to_once()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        var (first, second) = (Peers.Record(), Peers.Record());
        foreach (var record in (PeerRecord[])[first, second])
            await connection.SendAsync(new Frame { FoundNodes = new FoundNodes { Records = { record.Wire } } }, Cancel);
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.messages.dropped", "rate_limited") == 1, "the second one is dropped");
        var book = node.Get<PeerBook>();
        Assert.True(book.TryGet(first.Id, out _));
        Assert.False(book.TryGet(second.Id, out _));
    }

    [Fact]
    public async Task A_peer_stores_its_record_only_so_often()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        var sequence = peer.Record.Sequence;
        for (var i = 0; i < 200; i++)
        {
            var record = PeerRecord.Create(peer.Identity, "flood", peer.Record.Endpoints, ++sequence, DateTimeOffset.UtcNow.AddHours(1));
            await connection.SendAsync(new Frame { StoreRecord = new StoreRecord { Record = record.Wire } }, Cancel);
        }
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.messages.dropped", "rate_limited") >= 100, "most of them are dropped");
        Assert.True(connection.IsOpen);
    }
}
