using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Transport;

/// <summary>
/// The versions of the protocol that a node speaks: all from <paramref name="Oldest"/> to <paramref name="Newest"/>. What may change from one
/// to the next is in docs/architecture.md, "Wire compatibility".
/// </summary>
/// <param name="Oldest">At least 1.</param>
/// <param name="Newest">At least <paramref name="Oldest"/>.</param>
internal readonly record struct ProtocolVersions(uint Oldest, uint Newest)
{
    /// <summary>
    /// From this one on a node is told what changes of the members (<see cref="Gossip.Membership"/>), and not all of them again and again.
    /// </summary>
    public const uint MemberNews = 2;

    /// <summary>Those that this program speaks.</summary>
    public static readonly ProtocolVersions Own = new(1, MemberNews);

    /// <summary>Those that a peer says it speaks; one that says nothing is of the time when there was only the first.</summary>
    public static ProtocolVersions Of(Hello hello) => new(Math.Max(1, hello.OldestProtocol), Math.Max(1, hello.Protocol));

    /// <summary>The newest that both speak; null when there is none.</summary>
    public uint? Agree(ProtocolVersions other)
    {
        var newest = Math.Min(Newest, other.Newest);
        return newest >= Oldest && newest >= other.Oldest ? newest : null;
    }

    public override string ToString() => Oldest == Newest ? $"version {Newest}" : $"versions {Oldest} to {Newest}";
}
