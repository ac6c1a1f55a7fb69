namespace Meshara.Lab.Pictures;

/// <summary>One line of Prometheus' answer.</summary>
/// <param name="Labels">What it is called there.</param>
/// <param name="Points">Times, and values that may be no numbers.</param>
internal sealed record Series(IReadOnlyDictionary<string, string> Labels, IReadOnlyList<(DateTimeOffset Time, double Value)> Points)
{
    public double Last => Points.Count > 0 ? Points[^1].Value : double.NaN;
}
