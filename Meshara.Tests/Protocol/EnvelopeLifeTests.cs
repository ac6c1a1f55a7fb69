using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Protocol;

public sealed class EnvelopeLifeTests
{
    [Fact]
    public void A_message_from_the_last_day_a_date_is_taken_from_is_not_stale()
    {
        using var sender = NodeIdentity.Generate();
        using var recipient = NodeIdentity.Generate();
        using var carrier = NodeIdentity.Generate();
        var last = new DateTimeOffset(8999, 12, 31, 23, 59, 0, TimeSpan.Zero);
        var wire = Peers.Message(sender, MessageType.Private, recipient.Address, _ => ByteString.CopyFromUtf8("x"), TimeSpan.FromSeconds(30), last).Envelope;
        Assert.True(Envelope.TryParse(wire, out var envelope, out _));
        Assert.False(Lives.IsStale(envelope, carrier.Address, TimeSpan.FromDays(7), NodeClock.Of(TimeProvider.System)));
    }
}
