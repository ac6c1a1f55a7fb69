using System.Globalization;
using System.Text.Json;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>What the drills of alerts found (<c>--report</c>), written as JSON with these names in snake_case.</summary>
/// <param name="Factor">How much faster the rules' time passed.</param>
/// <param name="Seconds">How long all of it took.</param>
/// <param name="Drills">Every drill.</param>
internal sealed record AlertReport(int Factor, double Seconds, IReadOnlyList<AlertResult> Drills)
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>True when no drill failed.</summary>
    public bool Passed => Drills.All(drill => drill.Failures.Count == 0);

    /// <summary>As the file holds it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>In a line.</summary>
    public string Summary() => string.Create(CultureInfo.InvariantCulture,
        $"{Drills.Count(drill => drill.Passed)} of {Drills.Count} alerts passed in {Seconds:0} s{(Drills.Count(drill => drill.Skipped is not null) is > 0 and var skipped ? $"; {skipped} skipped" : "")}");
}
