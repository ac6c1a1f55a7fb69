using System.Globalization;
using System.Text.RegularExpressions;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>
/// Accelerates the alerting files by one factor: how long a condition must hold (<c>for</c>), windows (<c>[5m]</c>) and offsets, limits
/// of age (<c>…_oldest_…_seconds > 60</c>, <c>…start_time… &lt; 300</c>), scrape intervals, and Alertmanager's waiting times. Nothing
/// becomes shorter than a second, the least that Prometheus and the nodes need. Every rule group is evaluated that often, even slow ones,
/// because the wait for an evaluation says nothing about a rule. Other thresholds, labels, routes and texts do not change; a description
/// may speak of five minutes that were ten seconds.
/// </summary>
internal static partial class TimeLapse
{
    /// <summary>The factor: five minutes become ten seconds.</summary>
    public const int Factor = 30;

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>A duration in the accelerated files.</summary>
    public static TimeSpan Shorten(TimeSpan duration) => duration / Factor is var shortened && shortened < Shortest ? Shortest : shortened;

    /// <summary>The text of <c>prometheus.yml</c>, of a rule file or of <c>alertmanager.yml</c>, accelerated.</summary>
    public static string Apply(string yaml) => Age().Replace(
        Duration().Replace(yaml, match => match.Groups["before"].Value + Write(match.Groups["pace"].Success ? Shortest : Shorten(Read(match.Groups["duration"])))),
        match => match.Groups["before"].Value + Seconds(Shorten(TimeSpan.FromSeconds(double.Parse(match.Groups["seconds"].ValueSpan, CultureInfo.InvariantCulture)))));

    /// <summary>Formats a duration for these files.</summary>
    public static string Write(TimeSpan duration) => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMilliseconds:0}ms");

    /// <summary>Accelerates files in place.</summary>
    public static void ApplyTo(IEnumerable<string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        foreach (var file in files)
            File.WriteAllText(file, Apply(File.ReadAllText(file)));
    }

    private static TimeSpan Read(Group duration) => Part().Matches(duration.Value).Aggregate(TimeSpan.Zero, (sum, part) =>
        sum + (Unit(part.Groups["unit"].Value) * int.Parse(part.Groups["number"].ValueSpan, CultureInfo.InvariantCulture)));

    private static TimeSpan Unit(string unit) => unit switch
    {
        "s" => TimeSpan.FromSeconds(1),
        "m" => TimeSpan.FromMinutes(1),
        "h" => TimeSpan.FromHours(1),
        "d" => TimeSpan.FromDays(1),
        _ => TimeSpan.FromDays(7),
    };

    private static string Seconds(TimeSpan duration) => duration.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    // A setting's whole value (for: 5m), a window ([5m]) or an offset (offset 30m). Names such as increase5m are neither.
    [GeneratedRegex("""
        (?<before>^\s*(?:-\ )?(?:for|keep_firing_for|(?<pace>interval)|[a-z_]+_(?:interval|timeout|wait)):\s+|\[|\boffset\s+)(?<duration>(?:\d+[smhdw])+)(?=\s*(?:\#.*)?$|\]|[\s)])
        """, RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Duration();

    // A limit of age is also a duration, in seconds: max by (node) (meshara_oldest_pending_message_seconds) > 60. A latency or a forecast
    // (the disk is full in 14400 seconds) is not: it describes the mesh and does not grow as time passes.
    [GeneratedRegex(@"(?<before>\b(?:\w+_oldest_\w+_seconds|process_start_time_seconds:max)\b(?:\{[^{}]*\})?\)*\s*[<>]=?\s*)(?<seconds>\d+(?:\.\d+)?)(?![\w.])", RegexOptions.CultureInvariant)]
    private static partial Regex Age();

    [GeneratedRegex(@"(?<number>\d+)(?<unit>[smhdw])", RegexOptions.CultureInvariant)]
    private static partial Regex Part();
}
