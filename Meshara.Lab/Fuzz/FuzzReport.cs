using System.Globalization;
using System.Text.Json;

namespace Meshara.Lab.Fuzz;

/// <summary>The report of <c>fuzz</c> (<c>--report</c>), written as JSON with these names in snake_case.</summary>
internal sealed record FuzzReport
{
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>True if no target crashed, hung or grew.</summary>
    public bool Passed => Targets.All(target => target.Passed);

    /// <summary>Makes the same choices again, as far as the target behaves the same.</summary>
    public required int Seed { get; init; }

    /// <summary>One result a target.</summary>
    public required IReadOnlyList<TargetReport> Targets { get; init; }

    /// <summary>The content of the file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);
}

/// <summary>What became of one target.</summary>
internal sealed record TargetReport
{
    // A heap that grows by this much, inputs that are kept not counted, is a leak; less is caches that fill.
    private const long MaxGrowth = 32 * 1024 * 1024;

    // No input is longer than 1 MiB, so a parser that allocates this much for one was told to.
    private const long MaxAllocation = 64 * 1024 * 1024;

    /// <summary>True if nothing crashed, hung or grew.</summary>
    public bool Passed => Crashes.Count == 0 && Hangs.Count == 0 && HeapGrowthBytes <= MaxGrowth && LargestAllocationBytes <= MaxAllocation;

    /// <summary>The target.</summary>
    public required string Target { get; init; }

    /// <summary><c>in-process</c> or <c>afl</c>.</summary>
    public required string Engine { get; init; }

    /// <summary>How long it ran.</summary>
    public required double Seconds { get; init; }

    /// <summary>Inputs parsed.</summary>
    public required long Executions { get; init; }

    /// <summary>Inputs parsed a second.</summary>
    public double ExecutionsPerSecond => Math.Round(Executions / Math.Max(Seconds, 0.001));

    /// <summary>Different pairs of consecutive branches taken in the node's code.</summary>
    public required int Edges { get; init; }

    /// <summary>Inputs kept because they took a new edge, valid ones included.</summary>
    public required int Corpus { get; init; }

    /// <summary>Inputs that made the parser throw what it does not document, or ended the process; one for each place.</summary>
    public required IReadOnlyList<Finding> Crashes { get; init; }

    /// <summary>Inputs that took more than a second, twice.</summary>
    public required IReadOnlyList<Finding> Hangs { get; init; }

    /// <summary>Live managed memory at the end, less that after the first tenth; the inputs that are kept are not counted.</summary>
    public required long HeapGrowthBytes { get; init; }

    /// <summary>The same of the process's working set.</summary>
    public required long WorkingSetGrowthBytes { get; init; }

    /// <summary>The most that one input made the parser allocate.</summary>
    public required long LargestAllocationBytes { get; init; }

    /// <summary>The result in one line.</summary>
    public string Summary() => string.Create(CultureInfo.InvariantCulture,
        $"{Target,-14} {Executions,10:N0} executions, {ExecutionsPerSecond,8:N0}/s, {Edges,5} edges, {Corpus,5} inputs, "
        + $"{Crashes.Count} crashes, {Hangs.Count} hangs, heap {HeapGrowthBytes / 1048576.0,5:+0.0;-0.0;0.0} MiB, "
        + $"working set {WorkingSetGrowthBytes / 1048576.0,5:+0.0;-0.0;0.0} MiB");
}

/// <summary>One input that must not happen.</summary>
/// <param name="What">The exception, or the time it took.</param>
/// <param name="Input">The input, in base64.</param>
internal sealed record Finding(string What, string Input);
