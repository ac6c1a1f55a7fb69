using System.Globalization;
using System.Text.Json;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>The report of the alert drills (<c>--report</c>), written as JSON with these names in snake_case.</summary>
/// <param name="Factor">By which the rules' time was accelerated.</param>
/// <param name="Seconds">Total duration.</param>
/// <param name="Drills">The result of every drill.</param>
internal sealed record AlertReport(int Factor, double Seconds, IReadOnlyList<AlertResult> Drills)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>True if no drill failed.</summary>
    public bool Passed => Drills.All(drill => drill.Failures.Count == 0);

    /// <summary>The content of the file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>The result in one line.</summary>
    public string Summary() => string.Create(CultureInfo.InvariantCulture,
        $"{Drills.Count(drill => drill.Passed)} of {Drills.Count} alerts passed in {Seconds:0} s{(Drills.Count(drill => drill.Skipped is not null) is > 0 and var skipped ? $"; {skipped} skipped" : "")}");
}
