using System.Net;
using Google.Protobuf;
using Meshara.Node;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Tests.Mesh;
using Microsoft.Extensions.Time.Testing;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Routing;

/// <summary>What a peer says about others never outweighs what this node has seen itself.</summary>
public sealed class HearsayTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly NodeId _self = new(new byte[NodeId.Size]);

    [Fact]
    public void A_peer_that_was_reached_takes_the_place_of_one_known_by_hearsay()
    {
        var table = new RoutingTable(_self, bucketSize: 20, _time);
        var bucket = Bucket(41);
        foreach (var record in bucket[..20])
            table.Add(record, seen: false);
        foreach (var record in bucket[20..40])
            Assert.True(table.Add(record, seen: true));
        Assert.Equal(bucket[20..40].Select(record => record.Id), table.Snapshot().Select(contact => contact.Record.Id));
        Assert.False(table.Add(bucket[40], seen: true)); // but not of one that was also reached
        Assert.Equal(20, table.Count);
    }

    [Fact]
    public async Task A_contact_that_answers_has_no_failures()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        peer.OnFrame = async (connection, frame) =>
        {
            if (frame.BodyCase == Frame.BodyOneofCase.FindNode)
                await connection.SendAsync(new Frame { Correlation = frame.Correlation, FoundNodes = new FoundNodes() }, CancellationToken.None);
        };
        await peer.JoinAsync(node);
        var table = node.Get<RoutingTable>();
        var id = peer.Record.Id;
        await Eventually.TrueAsync(() => table.Snapshot().Exists(contact => contact.Record.Id == id), "the peer is a contact");
        using var somebody = NodeIdentity.Generate();
        for (var i = 0; i < 4; i++)
        {
            table.Fail(id);
            await Eventually.InTimeAsync(node.Get<Dht>().RefreshAsync(somebody.Address, default, TestContext.Current.CancellationToken));
        }
        Assert.Contains(table.Closest(id, 20), record => record.Id == id);
        Assert.Equal(0, Assert.Single(table.Snapshot(), contact => contact.Record.Id == id).Failures);
    }

    [Fact]
    public void Records_that_one_peer_tells_of_do_not_push_out_what_others_told()
    {
        var book = new PeerBook(_self, 1000, _time);
        var honest = Bucket(1)[0]; // one of the farther half
        using var hostile = NodeIdentity.Generate();
        book.Add(honest);
        for (var told = 0; told < 1500;)
        {
            var record = Peers.Record();
            if (_self.CompareDistance(record.Id, honest.Id) > 0)
                continue; // only those nearer to this node
            book.Add(record, hostile.Address);
            told++;
        }
        Assert.True(book.TryGet(honest.Id, out _));
    }

    [Fact]
    public void Many_identities_of_one_address_do_not_push_out_what_others_told()
    {
        var book = new PeerBook(_self, 1000, _time);
        var network = IPAddress.Parse("192.0.2.1");
        using var honest = NodeIdentity.Generate();
        var told = Enumerable.Range(0, 100).Select(_ => Peers.Record()).ToList();
        foreach (var record in told)
            book.Add(record, new Source(honest.Address, IPAddress.Parse("192.0.2.2")));
        for (var i = 0; i < 60; i++)
        {
            using var hostile = NodeIdentity.Generate();
            for (var j = 0; j < 30; j++)
                book.Add(Peers.Record(), new Source(hostile.Address, network));
        }
        Assert.All(told, record => Assert.True(book.TryGet(record.Id, out _)));
    }

    [Fact]
    public async Task A_peer_stores_no_record_but_its_own()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        var somebody = Peers.Record();
        var renewed = PeerRecord.Create(peer.Identity, "renewed", peer.Record.Endpoints, peer.Record.Sequence + 1, DateTimeOffset.UtcNow.AddHours(1));
        await connection.SendAsync(new Frame { StoreRecord = new StoreRecord { Record = somebody.Wire } }, TestContext.Current.CancellationToken);
        await connection.SendAsync(new Frame { StoreRecord = new StoreRecord { Record = renewed.Wire } }, TestContext.Current.CancellationToken);
        var book = node.Get<PeerBook>();
        await Eventually.TrueAsync(() => book.TryGet(renewed.Id, out var stored) && stored.Sequence == renewed.Sequence, "its own record is stored");
        Assert.False(book.TryGet(somebody.Id, out _));
    }

    private PeerRecord[] Bucket(int count)
    {
        var records = new List<PeerRecord>();
        while (records.Count < count)
        {
            var record = Peers.Record();
            if (_self.CommonPrefix(record.Id) == 0)
                records.Add(record);
        }
        return [.. records];
    }
}
