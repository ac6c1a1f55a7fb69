using System.Security.Cryptography;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Gossip;

/// <summary>The beats of this node under one signature; see <see cref="MemberState"/>. Not thread-safe.</summary>
internal sealed class Heartbeat
{
    // Of each beat the value that it shows; the first one is what is signed.
    private readonly ByteString[] _values = new ByteString[MemberState.MaxBeats + 1];
    private readonly Member _signed;
    private uint _beats;

    /// <param name="identity">This node.</param>
    /// <param name="number">Higher than that of any before.</param>
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

    /// <summary>True when another one has to go on.</summary>
    public bool IsUsedUp => _beats == MemberState.MaxBeats;

    /// <summary>One more beat.</summary>
    public Member Next()
    {
        var member = _signed.Clone();
        member.Beats = ++_beats;
        member.Proof = _values[_beats];
        return member;
    }
}
