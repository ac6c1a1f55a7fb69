using System.Text.Json;

namespace Meshara.Lab.Load;

/// <summary>One pair of measurements, in messages a second.</summary>
internal sealed record DurabilityRound(double MemoryPerSecond, double NormalPerSecond)
{
    /// <summary>Durable delivery as a part of that in memory.</summary>
    public double Ratio => NormalPerSecond / MemoryPerSecond;
}

/// <summary>What <c>durability</c> writes.</summary>
internal sealed record DurabilityReport(int Payload, IReadOnlyList<DurabilityRound> Rounds, double MedianRatio)
{
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };
}
