using System.Globalization;

namespace Meshara.Lab.Drills.Wan;

/// <summary>A node's connection to the network: what happens to each packet that leaves it.</summary>
/// <param name="Delay">One-way delay.</param>
internal sealed record AccessLink(TimeSpan Delay)
{
    /// <summary>Share of packets that are lost.</summary>
    public const double Loss = 0.005;

    /// <summary>Bandwidth in bits per second.</summary>
    public const int BitsPerSecond = 10_000_000;

    /// <summary>Maximum number of packets in flight or queued; further ones are dropped. netem's default limit.</summary>
    public const int MaxPackets = 1000;

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(200);

    /// <summary>The link of a node: node-1 has the shortest delay, the last node the longest.</summary>
    public static AccessLink Of(int node, int nodes) => new(Shortest + ((node - 1) * (Longest - Shortest) / Math.Max(1, nodes - 1)));

    /// <summary>The arguments of <c>tc qdisc add … root</c> that emulate the link (tc-netem(8)).</summary>
    public string[] Netem() =>
    [
        "netem",
        "delay", string.Create(CultureInfo.InvariantCulture, $"{Delay.TotalMilliseconds:0.###}ms"),
        "loss", string.Create(CultureInfo.InvariantCulture, $"{100 * Loss:0.###}%"),
        "rate", string.Create(CultureInfo.InvariantCulture, $"{BitsPerSecond}bit"),
        "limit", string.Create(CultureInfo.InvariantCulture, $"{MaxPackets}"),
    ];
}
