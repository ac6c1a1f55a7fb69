using System.Net;
using System.Net.Sockets;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Routing;

public sealed class LookupFloodTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_peer_that_names_twenty_dead_nodes_near_a_key_does_not_hide_it()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start(512);
        await using var mesh = new MeshFixture(("Transport:HandshakeTimeout", "00:10:00")); // dials of dead nodes last as long as the test
        var node = await mesh.StartAsync();
        await using var knowing = new TransportEnd();
        await using var between = new TransportEnd();
        await using var hostile = new TransportEnd();
        using var wanted = Identity(id => id.CommonPrefix(knowing.Record.Id) == 0);
        var target = NodeId.Of(wanted.Address);
        var dead = Enumerable.Range(0, 20).Select(_ => Dead(target, silent)).ToList();
        Answers(knowing, [Peers.Record(wanted)]);
        Answers(between, [knowing.Record]);
        Answers(hostile, dead);
        await hostile.JoinAsync(node);
        await between.JoinAsync(node);
        var contacts = node.Get<RoutingTable>();
        await Eventually.TrueAsync(() => contacts.Snapshot().Count(contact => contact.LastSeen > DateTimeOffset.UnixEpoch) == 2, "both are contacts");

        var found = await Eventually.InTimeAsync(node.Get<Dht>().RefreshAsync(wanted.Address, default, Cancel));

        Assert.Equal(wanted.Address, found?.Address);
    }

    private static void Answers(TransportEnd end, IReadOnlyList<PeerRecord> records) => end.OnFrame = async (connection, frame) =>
    {
        if (frame.BodyCase != Frame.BodyOneofCase.FindNode)
            return;
        var found = new FoundNodes { Records = { records.Select(record => record.Wire) } };
        await connection.SendAsync(new Frame { Correlation = frame.Correlation, FoundNodes = found }, CancellationToken.None);
    };

    /// <summary>The record of a node that is nearer to the target than half of all keys, with a silent endpoint.</summary>
    private static PeerRecord Dead(NodeId target, TcpListener silent)
    {
        using var identity = Identity(id => id.CommonPrefix(target) > 0);
        var endpoint = PeerEndpoint.Tcp("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port);
        return PeerRecord.Create(identity, "dead", [endpoint], 1, DateTimeOffset.UtcNow.AddHours(1));
    }

    private static NodeIdentity Identity(Predicate<NodeId> fits)
    {
        while (true)
        {
            var identity = NodeIdentity.Generate();
            if (fits(NodeId.Of(identity.Address)))
                return identity;
            identity.Dispose();
        }
    }
}
