using System.Globalization;

namespace Meshara.Lab.Drills.Wan;

/// <summary>How a node is connected to the network: what happens to each packet that leaves it.</summary>
/// <param name="Delay">How much later it arrives.</param>
internal sealed record AccessLink(TimeSpan Delay)
{
    /// <summary>Part of the packets that are lost.</summary>
    public const double Loss = 0.005;

    /// <summary>Bits that leave in a second.</summary>
    public const int BitsPerSecond = 10_000_000;

    /// <summary>Packets under way and waiting at the most; further ones are lost. As many as netem keeps by default.</summary>
    public const int MaxPackets = 1000;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(200);

    /// <summary>The link of a node: node-1 has the shortest delay, the last node the longest.</summary>
    public static AccessLink Of(int node, int nodes) => new(Shortest + ((node - 1) * (Longest - Shortest) / Math.Max(1, nodes - 1)));

    /// <summary>The same for <c>tc qdisc add … root</c> (tc-netem(8)).</summary>
    public string[] Netem() =>
    [
        "netem",
        "delay", string.Create(CultureInfo.InvariantCulture, $"{Delay.TotalMilliseconds:0.###}ms"),
        "loss", string.Create(CultureInfo.InvariantCulture, $"{100 * Loss:0.###}%"),
        "rate", string.Create(CultureInfo.InvariantCulture, $"{BitsPerSecond}bit"),
        "limit", string.Create(CultureInfo.InvariantCulture, $"{MaxPackets}"),
    ];
}
