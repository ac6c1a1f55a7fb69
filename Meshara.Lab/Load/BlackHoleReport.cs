namespace Meshara.Lab.Load;

/// <summary>Working sets of both nodes at one moment of the long run, in MiB.</summary>
internal sealed record MemorySample(double Seconds, double SenderMib, double RecipientMib)
{
    /// <summary>The sum of both.</summary>
    public double Mib => SenderMib + RecipientMib;
}

/// <summary>The report of <c>blackhole</c>.</summary>
/// <param name="ThroughputRatio">
/// Throughput with a collector that never answers relative to throughput without one; median and quartiles of the rounds.
/// </param>
/// <param name="MemoryRatio">Median working set in the last quarter of the long run relative to its second quarter.</param>
/// <param name="Memory">The working sets over the long run.</param>
internal sealed record BlackHoleReport(Spread ThroughputRatio, double MemoryRatio, IReadOnlyList<MemorySample> Memory);
