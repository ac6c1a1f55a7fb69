namespace Meshara.Lab.Load;

/// <summary>Working set of both nodes at a time of the long run, in MiB.</summary>
internal sealed record MemorySample(double Seconds, double SenderMib, double RecipientMib)
{
    /// <summary>Both together.</summary>
    public double Mib => SenderMib + RecipientMib;
}

/// <summary>What <c>blackhole</c> writes.</summary>
/// <param name="ThroughputRatio">Messages a second with a collector that never answers, as a part of those without one; median and quartiles of the rounds.</param>
/// <param name="MemoryRatio">Median working set of the last quarter of the long run as a part of that of its second quarter.</param>
/// <param name="Memory">The working set over the long run.</param>
internal sealed record BlackHoleReport(Spread ThroughputRatio, double MemoryRatio, IReadOnlyList<MemorySample> Memory);
