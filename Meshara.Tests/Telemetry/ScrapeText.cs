using System.Text.RegularExpressions;

namespace Meshara.Tests.Telemetry;

/// <summary>A meshara_ or messaging_ family of a Prometheus text exposition.</summary>
/// <param name="Samples">Labels of every sample; for a histogram those of its buckets.</param>
/// <param name="Counted">Labels of the samples other than 0.</param>
internal sealed partial record Family(
    string Name, string Type, IReadOnlyList<IReadOnlyDictionary<string, string>> Samples, IReadOnlyList<IReadOnlyDictionary<string, string>> Counted)
{
    public static IReadOnlyList<Family> Parse(string text)
    {
        var types = TypeLine().Matches(text).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["type"].Value, StringComparer.Ordinal);
        var samples = SampleLine().Matches(text).Select(match => (
            Name: match.Groups["name"].Value,
            IsZero: match.Groups["value"].Value == "0",
            Labels: (IReadOnlyDictionary<string, string>)Label().Matches(match.Groups["labels"].Value)
                .ToDictionary(label => label.Groups["name"].Value, label => label.Groups["value"].Value, StringComparer.Ordinal))).ToList();
        return
        [
            .. samples
                .Where(sample => !IsPartOfHistogram(sample.Name, "_sum") && !IsPartOfHistogram(sample.Name, "_count"))
                .GroupBy(sample => IsPartOfHistogram(sample.Name, "_bucket") ? sample.Name[..^"_bucket".Length] : sample.Name)
                .Select(group => new Family(group.Key, types.GetValueOrDefault(group.Key, "none"),
                    [.. group.Select(sample => sample.Labels)], [.. group.Where(sample => !sample.IsZero).Select(sample => sample.Labels)])),
        ];

        bool IsPartOfHistogram(string name, string suffix) =>
            name.EndsWith(suffix, StringComparison.Ordinal) && types.GetValueOrDefault(name[..^suffix.Length]) == "histogram";
    }

    [GeneratedRegex("^# TYPE (?<name>(meshara|messaging)_[a-z0-9_]+) (?<type>[a-z]+)$", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^(?<name>(meshara|messaging)_[a-z0-9_]+)(?:\{(?<labels>[^}]*)\})? (?<value>[-+0-9.eEInfNa]+)", RegexOptions.Multiline)]
    private static partial Regex SampleLine();

    [GeneratedRegex("(?<name>[a-z_]+)=\"(?<value>[^\"]*)\"")]
    private static partial Regex Label();
}
