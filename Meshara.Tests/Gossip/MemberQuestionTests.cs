using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

/// <summary>A peer asks for members it does not know, by sending digests of those it knows.</summary>
public sealed class MemberQuestionTests : IDisposable
{
    private readonly NodeIdentity _member = NodeIdentity.Generate();

    [Fact]
    public async Task A_peer_that_asks_all_the_time_is_not_answered_all_the_time()
    {
        const int Questions = 1000;
        await using var mesh = new MeshFixture(("Gossip:MembershipInterval", "00:10:00"));
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        await Eventually.TrueAsync(() => Told().Any(), "it says who it is");
        var self = Told().First().Members_[0];
        connection.TrySend(new Frame { Members = new Members { Members_ = { new Heartbeat(_member, 7).Next() } } });
        for (var i = 0; i < Questions; i++)
            Assert.NotEqual(0, connection.TrySend(Question(16)));
        // Answers to questions do not contain the node itself, so the answer to a doubt about it marks the end.
        connection.TrySend(new Frame { Members = new Members { Members_ = { new Member(self) { Doubted = true } } } });
        await Eventually.TrueAsync(() => Told().Skip(1).Any(IsOfSelf), "what was sent last is answered");
        Assert.InRange(Told().Skip(1).TakeWhile(told => !IsOfSelf(told)).Count(told => told.Members_.Count > 0), 1, Questions / 2);

        IEnumerable<Members> Told() => peer.Frames.Select(entry => entry.Frame.Members).OfType<Members>();

        bool IsOfSelf(Members told) => told.Members_.Any(member => member.Address == self.Address);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(24)]
    [InlineData(2048)]
    public async Task A_question_of_a_wrong_length_ends_the_connection(int buckets)
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var peer = new TransportEnd();
        var connection = await peer.JoinAsync(node);
        connection.TrySend(Question(buckets));
        await Eventually.TrueAsync(() => node.Metrics.Sum("meshara.connections.closed", "protocol") == 1, "it is disconnected");
    }

    public void Dispose() => _member.Dispose();

    private static Frame Question(int buckets) => new() { Members = new Members { Buckets = { new uint[buckets] } } };
}
