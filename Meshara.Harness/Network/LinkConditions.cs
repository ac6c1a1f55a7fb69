namespace Meshara.Harness.Network;

/// <summary>How well bytes travel between two nodes.</summary>
internal sealed record LinkConditions
{
    /// <summary>At once.</summary>
    public static LinkConditions Good { get; } = new();

    /// <summary>How long everything takes, one way.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>How much longer it takes at the most; how much is chosen anew each time.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Share of the segments that stall, 0 to 1, as when they were lost and are sent again.</summary>
    public double StallShare { get; init; }

    /// <summary>How long those take in addition, at the most; at least a quarter of it.</summary>
    public TimeSpan Stall { get; init; }
}
