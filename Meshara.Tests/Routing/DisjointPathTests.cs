using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Tests.Mesh;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Routing;

/// <summary>Colluding peers near a key that name only each other hide a record from a lookup along a single path.</summary>
public sealed class DisjointPathTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, true)]
    public async Task Peers_that_collude_hide_a_node_from_a_lookup_with_one_path_only(int paths, bool isFound)
    {
        await using var mesh = new MeshFixture(("Routing:DisjointPaths", $"{paths}"));
        var node = await mesh.StartAsync();
        using var wanted = NodeIdentity.Generate();
        var target = NodeId.Of(wanted.Address);
        var colluding = Enumerable.Range(0, 21).Select(_ => End(id => id.CommonPrefix(target) > 1)).ToList();
        var honest = Enumerable.Range(0, 2).Select(_ => End(id => id.CommonPrefix(target) == 0)).ToList();
        foreach (var end in colluding)
            Answers(end, target, [.. colluding.Where(other => other != end).Select(other => other.Record)]);
        Answers(honest[0], target, [honest[1].Record]);
        Answers(honest[1], target, [Peers.Record(wanted)]);
        await colluding[0].JoinAsync(node);
        await honest[0].JoinAsync(node);
        await Eventually.TrueAsync(() => node.Get<RoutingTable>().Count == 2, "both are contacts");

        var found = await Eventually.InTimeAsync(node.Get<Dht>().FindAsync(wanted.Address, default, Cancel));

        Assert.Equal(isFound, found is not null);
        await Task.WhenAll(colluding.Concat(honest).Select(end => end.DisposeAsync().AsTask()));
    }

    /// <summary>
    /// Answers lookups of the target with these records, and others with none, because the node also runs lookups by itself.
    /// </summary>
    private static void Answers(TransportEnd end, NodeId target, IReadOnlyList<PeerRecord> records) => end.OnFrame = async (connection, frame) =>
    {
        if (frame.BodyCase != Frame.BodyOneofCase.FindNode)
            return;
        var found = new FoundNodes();
        if (frame.FindNode.Target.Span.SequenceEqual(target.ToBytes()))
            found.Records.AddRange(records.Select(record => record.Wire));
        await connection.SendAsync(new Frame { Correlation = frame.Correlation, FoundNodes = found }, CancellationToken.None);
    };

    private static TransportEnd End(Predicate<NodeId> fits)
    {
        while (true)
        {
            var identity = NodeIdentity.Generate();
            if (fits(NodeId.Of(identity.Address)))
                return new TransportEnd(identity: identity);
            identity.Dispose();
        }
    }
}
