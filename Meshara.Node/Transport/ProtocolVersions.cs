using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Transport;

/// <summary>
/// The range of protocol versions that a node speaks, from <paramref name="Oldest"/> to <paramref name="Newest"/>. See
/// docs/architecture.md, "Wire compatibility", for what may change between versions.
/// </summary>
/// <param name="Oldest">At least 1.</param>
/// <param name="Newest">At least <paramref name="Oldest"/>.</param>
internal readonly record struct ProtocolVersions(uint Oldest, uint Newest)
{
    /// <summary>
    /// From this version on, a node receives only changes to the members (<see cref="Gossip.Membership"/>) instead of repeated
    /// full lists.
    /// </summary>
    public const uint MemberNews = 2;

    /// <summary>The versions this program speaks.</summary>
    public static readonly ProtocolVersions Own = new(1, MemberNews);

    /// <summary>The versions a peer announces; a peer that announces none predates version numbers and speaks version 1.</summary>
    public static ProtocolVersions Of(Hello hello) => new(Math.Max(1, hello.OldestProtocol), Math.Max(1, hello.Protocol));

    /// <summary>The newest version that both speak; null if there is none.</summary>
    public uint? Agree(ProtocolVersions other)
    {
        var newest = Math.Min(Newest, other.Newest);
        return newest >= Oldest && newest >= other.Oldest ? newest : null;
    }

    public override string ToString() => Oldest == Newest ? $"version {Newest}" : $"versions {Oldest} to {Newest}";
}
