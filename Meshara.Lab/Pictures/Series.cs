namespace Meshara.Lab.Pictures;

/// <summary>One series of a Prometheus answer.</summary>
/// <param name="Labels">Its labels.</param>
/// <param name="Points">Times and values; values may be NaN.</param>
internal sealed record Series(IReadOnlyDictionary<string, string> Labels, IReadOnlyList<(DateTimeOffset Time, double Value)> Points)
{
    public double Last => Points.Count > 0 ? Points[^1].Value : double.NaN;
}
