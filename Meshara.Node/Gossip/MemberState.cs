using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Gossip;

/// <summary>
/// A member's signed statement about itself, which relaying nodes cannot alter. The signature covers the end of a hash chain;
/// each heartbeat reveals the preceding value, which only the member knows (Lamport, "Password Authentication with Insecure
/// Communication", 1981; Rivest and Shamir, "PayWord", 1996). Checking a heartbeat therefore costs a hash instead of a
/// signature verification.
/// </summary>
internal static class MemberState
{
    /// <summary>Heartbeats per signature.</summary>
    public const int MaxBeats = 512;

    private const int SignatureSize = 64;

    private static ReadOnlySpan<byte> Domain => "meshara/1 member\0"u8;

    private static int StatementSize => Domain.Length + NodeAddress.Size + sizeof(ulong) + 1 + SHA256.HashSizeInBytes;

    /// <summary>Signs the state that precedes the first heartbeat.</summary>
    /// <param name="identity">The member.</param>
    /// <param name="heartbeat">Higher than any before.</param>
    /// <param name="left">True for a goodbye.</param>
    /// <param name="anchor">The end of its hash chain.</param>
    public static Member Sign(NodeIdentity identity, ulong heartbeat, bool left, ByteString anchor)
    {
        var address = UnsafeByteOperations.UnsafeWrap(identity.Address.ToBytes());
        var member = new Member { Address = address, Heartbeat = heartbeat, Left = left, Anchor = anchor, Proof = anchor };
        Span<byte> statement = stackalloc byte[StatementSize];
        Write(member, statement);
        var signature = new byte[SignatureSize];
        identity.Sign(statement, signature);
        member.Signature = UnsafeByteOperations.UnsafeWrap(signature);
        return member;
    }

    /// <summary>
    /// A state without signature and anchor, for nodes that already have them: half the size, and heartbeats are most of the
    /// traffic.
    /// </summary>
    public static Member Beat(Member member) =>
        new() { Address = member.Address, Heartbeat = member.Heartbeat, Left = member.Left, Beats = member.Beats, Proof = member.Proof };

    /// <summary>True for a state made by <see cref="Beat"/>.</summary>
    public static bool IsBeat(Member member) => member.Signature.IsEmpty && member.Anchor.IsEmpty;

    /// <summary>The known state of a member, advanced to a later heartbeat of the same chain.</summary>
    public static Member WithBeat(Member known, Member beat) => new()
    {
        Address = known.Address, Heartbeat = known.Heartbeat, Left = known.Left, Signature = known.Signature, Anchor = known.Anchor,
        Beats = beat.Beats, Proof = beat.Proof,
    };

    /// <summary>True if the member itself made the statement.</summary>
    /// <param name="member">The statement; its address has the right length.</param>
    /// <param name="known">The member's previously known state; null if there is none.</param>
    public static bool IsAuthentic(Member member, Member? known)
    {
        if (member.Anchor.Length != SHA256.HashSizeInBytes || member.Proof.Length != SHA256.HashSizeInBytes || member.Beats > MaxBeats)
            return false;
        if (known is not null && known.Beats <= member.Beats && IsSameChain(member, known))
            return LeadsTo(member.Proof, member.Beats - known.Beats, known.Proof);
        return LeadsTo(member.Proof, member.Beats, member.Anchor) && IsSigned(member);
    }

    /// <summary>True if both share one signature, which then need not be verified again.</summary>
    public static bool IsSameChain(Member member, Member known) =>
        member.Heartbeat == known.Heartbeat && member.Left == known.Left && member.Address == known.Address && member.Anchor == known.Anchor
        && member.Signature == known.Signature;

    /// <summary>True if <paramref name="member"/> was said after <paramref name="known"/>; both are of one member.</summary>
    public static bool IsNewer(Member member, Member known) =>
        member.Heartbeat > known.Heartbeat || member.Heartbeat == known.Heartbeat && member.Beats > known.Beats;

    private static bool LeadsTo(ByteString proof, uint steps, ByteString end)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        proof.Span.CopyTo(hash);
        for (; steps > 0; steps--)
            SHA256.HashData(hash, hash);
        return hash.SequenceEqual(end.Span);
    }

    private static bool IsSigned(Member member)
    {
        Span<byte> statement = stackalloc byte[StatementSize];
        Write(member, statement);
        return NodeIdentity.Verify(new NodeAddress(member.Address.Span), statement, member.Signature.Span);
    }

    private static void Write(Member member, Span<byte> statement)
    {
        Domain.CopyTo(statement);
        var at = statement[Domain.Length..];
        member.Address.Span.CopyTo(at);
        BinaryPrimitives.WriteUInt64BigEndian(at[NodeAddress.Size..], member.Heartbeat);
        at[NodeAddress.Size + sizeof(ulong)] = member.Left ? (byte)1 : (byte)0;
        member.Anchor.Span.CopyTo(at[(NodeAddress.Size + sizeof(ulong) + 1)..]);
    }
}
