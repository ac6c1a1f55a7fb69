using System.Globalization;
using System.Text.RegularExpressions;

namespace Meshara.Harness;

/// <summary>Parses durations such as <c>500ms</c>, <c>30s</c>, <c>5m</c> and <c>1h30m</c>.</summary>
internal static partial class Duration
{
    /// <summary>The longest duration accepted; it stays below the limit of .NET timers.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromDays(30);

    /// <summary>Parses a duration.</summary>
    /// <returns>False if <paramref name="text"/> is not a duration above zero and up to <see cref="Max"/>.</returns>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        var match = Pattern().Match(text.Trim());
        if (!match.Success)
            return false;
        var seconds = 0d;
        for (var i = 0; i < match.Groups["number"].Captures.Count; i++)
        {
            seconds += double.Parse(match.Groups["number"].Captures[i].ValueSpan, CultureInfo.InvariantCulture)
                * UnitSeconds(match.Groups["unit"].Captures[i].Value);
        }

        if (seconds <= 0 || seconds > Max.TotalSeconds)
            return false;
        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }

    private static double UnitSeconds(string unit) => unit switch
    {
        "ms" => 0.001,
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => throw new ArgumentOutOfRangeException(nameof(unit), unit, "not a unit of the pattern"),
    };

    [GeneratedRegex(@"\A(?:(?<number>[0-9]{1,9}(?:\.[0-9]{1,9})?)(?<unit>ms|s|m|h))+\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}
