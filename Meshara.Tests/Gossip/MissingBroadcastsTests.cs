using Google.Protobuf;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Gossip;

public sealed class MissingBroadcastsTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly ByteString _key = ByteString.CopyFrom(new byte[32]);

    [Fact]
    public void A_peer_that_announces_a_broadcast_again_and_again_is_asked_once()
    {
        var missing = new MissingBroadcasts(100, _time);
        Assert.True(missing.Ask(_key, Address(1)));
        for (var i = 0; i < 1000; i++)
            Assert.False(missing.Ask(_key, Address(2)));
        Assert.Equal([Address(2)], Overdue(missing));
        Assert.False(missing.Ask(_key, Address(2)));
        Assert.Empty(Overdue(missing));
    }

    [Fact]
    public void Of_many_peers_that_announce_a_broadcast_a_few_are_remembered()
    {
        var missing = new MissingBroadcasts(100, _time);
        for (var i = 0; i < 1000; i++)
            missing.Ask(_key, Address(i));
        var asked = new List<NodeAddress>();
        while (Overdue(missing) is { Count: > 0 } next)
            asked.AddRange(next);
        Assert.InRange(asked.Count, 3, 20);
        Assert.Equal(asked.Distinct(), asked);
    }

    private List<NodeAddress> Overdue(MissingBroadcasts missing)
    {
        _time.Advance(TimeSpan.FromSeconds(2));
        return missing.TakeOverdue(_ => true).ConvertAll(entry => entry.Peer);
    }

    private static NodeAddress Address(int number)
    {
        var bytes = new byte[32];
        BitConverter.TryWriteBytes(bytes, number);
        return new NodeAddress(bytes);
    }
}
