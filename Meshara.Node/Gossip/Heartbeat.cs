using System.Security.Cryptography;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Gossip;

/// <summary>This node's heartbeats under one signature; see <see cref="MemberState"/>. Not thread-safe.</summary>
internal sealed class Heartbeat
{
    // The chain value that each heartbeat reveals; the value at index 0 is the one that is signed.
    private readonly ByteString[] _values = new ByteString[MemberState.MaxBeats + 1];
    private readonly Member _signed;
    private uint _beats;

    /// <param name="identity">This node.</param>
    /// <param name="number">Higher than any earlier heartbeat number of this node.</param>
    public Heartbeat(NodeIdentity identity, ulong number)
    {
        var value = RandomNumberGenerator.GetBytes(SHA256.HashSizeInBytes);
        for (var beat = _values.Length - 1; beat >= 0; beat--)
        {
            _values[beat] = UnsafeByteOperations.UnsafeWrap(value);
            value = SHA256.HashData(value);
        }
        _signed = MemberState.Sign(identity, number, left: false, _values[0]);
    }

    /// <summary>True if a new signature is needed for the next heartbeat.</summary>
    public bool IsUsedUp => _beats == MemberState.MaxBeats;

    /// <summary>The next heartbeat.</summary>
    public Member Next()
    {
        var member = _signed.Clone();
        member.Beats = ++_beats;
        member.Proof = _values[_beats];
        return member;
    }
}
