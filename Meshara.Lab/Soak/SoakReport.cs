using System.Globalization;
using System.Text.Json;

namespace Meshara.Lab.Soak;

/// <summary>The report of <c>soak</c> (<c>--report</c>), written as JSON with these names in snake_case.</summary>
internal sealed record SoakReport
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>True if every message arrived, no node failed, and nothing trends upward.</summary>
    public bool Passed => Waiting == 0 && Failures.Count == 0 && Series.All(series => !series.IsUpward);

    /// <summary>How long messages were sent.</summary>
    public required double Seconds { get; init; }

    /// <summary>The part of it at the beginning that is not measured.</summary>
    public required double WarmUpSeconds { get; init; }

    /// <summary>Seed of the random choices.</summary>
    public required int Seed { get; init; }

    /// <summary>Accepted messages.</summary>
    public required long Accepted { get; init; }

    /// <summary>Accepted messages that were not seen in their recipient's inbox.</summary>
    public required long Waiting { get; init; }

    /// <summary>What was done to the mesh, and how often.</summary>
    public required IReadOnlyDictionary<string, long> Faults { get; init; }

    /// <summary>What the hostile peers did.</summary>
    public required IReadOnlyDictionary<string, long> Attacks { get; init; }

    /// <summary>Bytes of traces, metrics and logs that the nodes exported.</summary>
    public required long TelemetryBytes { get; init; }

    /// <summary>Failures of nodes.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>What was measured.</summary>
    public required IReadOnlyList<SoakSeries> Series { get; init; }

    /// <summary>The content of the file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>The result, a line for each series.</summary>
    public string Summary() => string.Create(CultureInfo.InvariantCulture,
        $"soak {(Passed ? "passed" : "FAILED")}: {Accepted} accepted, {Waiting} missing, {Failures.Count} failures; "
        + $"{Seconds:0} s, of which the first {WarmUpSeconds:0} are not measured\n")
        + string.Join('\n', Series.Select(series => series.Summary()));
}

/// <summary>One quantity of one node.</summary>
/// <param name="Node">The node.</param>
/// <param name="What">The quantity.</param>
/// <param name="Trend">Its trend after the warm-up.</param>
/// <param name="Allowed">What may be added without being a leak, over the time of the samples.</param>
internal sealed record SoakSeries(string Node, string What, Trend Trend, double Allowed)
{
    /// <summary>True if more was added than noise explains and than is allowed.</summary>
    public bool IsUpward => Trend.Growth > Allowed;

    /// <summary>The series in one line.</summary>
    public string Summary() => string.Create(CultureInfo.InvariantCulture,
        $"  {Node} {What,-14} mean {Trend.Mean,14:N0}  slope {Trend.PerHour,12:+#,0.0;-#,0.0}/h ± {Trend.Error:N1}"
        + $"  {(IsUpward ? "UPWARD" : "flat")}");
}
