using Google.Protobuf;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Tests.Gossip;

public sealed class MemberStateTests : IDisposable
{
    private readonly NodeIdentity _member = NodeIdentity.Generate();
    private readonly NodeIdentity _other = NodeIdentity.Generate();

    [Fact]
    public void Each_beat_is_authentic_alone_and_after_an_earlier_one()
    {
        var heartbeat = new Heartbeat(_member, 5);
        var first = heartbeat.Next();
        var known = first;
        while (!heartbeat.IsUsedUp)
        {
            var next = heartbeat.Next();
            Assert.True(MemberState.IsAuthentic(next, known));
            known = next;
        }
        Assert.Equal((uint)MemberState.MaxBeats, known.Beats);
        Assert.True(MemberState.IsAuthentic(known, null));
        Assert.True(MemberState.IsAuthentic(known, first));
        Assert.True(MemberState.IsAuthentic(new Heartbeat(_member, 6).Next(), known)); // a new signature
    }

    [Theory]
    [InlineData("beats")]
    [InlineData("proof")]
    [InlineData("heartbeat")]
    [InlineData("left")]
    [InlineData("address")]
    [InlineData("anchor")]
    [InlineData("signature")]
    [InlineData("no proof")]
    [InlineData("too many beats")]
    public void What_somebody_else_changes_is_not_authentic(string what)
    {
        var heartbeat = new Heartbeat(_member, 5);
        var known = heartbeat.Next();
        var forged = heartbeat.Next();
        switch (what)
        {
            case "beats":
                forged.Beats++;
                break;
            case "proof":
                forged.Proof = Zeros(32);
                break;
            case "heartbeat":
                forged.Heartbeat++;
                break;
            case "left":
                forged.Left = true;
                break;
            case "address":
                forged.Address = ByteString.CopyFrom(_other.Address.ToBytes());
                break;
            case "anchor":
                (forged.Anchor, forged.Proof, forged.Beats) = (Zeros(32), Zeros(32), 0);
                break;
            case "signature":
                forged.Signature = Zeros(64);
                break;
            case "no proof":
                forged.Proof = ByteString.Empty;
                break;
            default:
                forged.Beats = uint.MaxValue;
                break;
        }
        Assert.False(MemberState.IsAuthentic(forged, known));
        Assert.False(MemberState.IsAuthentic(forged, null));
    }

    [Fact]
    public void A_beat_alone_is_authentic_to_who_knows_its_chain()
    {
        var heartbeat = new Heartbeat(_member, 5);
        var known = heartbeat.Next();
        heartbeat.Next();
        var later = heartbeat.Next();
        var beat = MemberState.Beat(later);
        Assert.True(MemberState.IsBeat(beat));
        Assert.False(MemberState.IsBeat(later));
        Assert.Equal(later, MemberState.WithBeat(known, beat));
        Assert.True(MemberState.IsAuthentic(MemberState.WithBeat(known, beat), known));
        beat.Proof = Zeros(32);
        Assert.False(MemberState.IsAuthentic(MemberState.WithBeat(known, beat), known));
    }

    [Fact]
    public void A_goodbye_is_its_members_own()
    {
        var goodbye = MemberState.Sign(_member, 7, left: true, Zeros(32));
        Assert.True(MemberState.IsAuthentic(goodbye, new Heartbeat(_member, 5).Next()));
        var forged = new Member(goodbye) { Address = ByteString.CopyFrom(_other.Address.ToBytes()) };
        Assert.False(MemberState.IsAuthentic(forged, null));
    }

    public void Dispose()
    {
        _member.Dispose();
        _other.Dispose();
    }

    private static ByteString Zeros(int count) => ByteString.CopyFrom(new byte[count]);
}
