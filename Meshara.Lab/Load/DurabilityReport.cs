using System.Text.Json;

namespace Meshara.Lab.Load;

/// <summary>One pair of measurements, in messages per second.</summary>
internal sealed record DurabilityRound(double MemoryPerSecond, double NormalPerSecond)
{
    /// <summary>Throughput with durable storage relative to storage in memory.</summary>
    public double Ratio => NormalPerSecond / MemoryPerSecond;
}

/// <summary>The report of <c>durability</c>.</summary>
internal sealed record DurabilityReport(int Payload, IReadOnlyList<DurabilityRound> Rounds, double MedianRatio)
{
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };
}
