using System.Text.Json;
using System.Text.RegularExpressions;

namespace Meshara.Harness.Processes;

/// <summary>A line that a child printed, parsed for display.</summary>
/// <param name="Level">WARN or ERROR; null if the line is not a log entry.</param>
/// <param name="Message">The text to show.</param>
internal sealed partial record LogLine(string? Level, string Message)
{
    /// <summary>
    /// Returns the line if it deserves attention, otherwise null: a warning or error of a node
    /// (<c>{"timestamp":"…","level":"WARN","message":"…","error":"…"}</c>) or of Prometheus or Alertmanager
    /// (<c>ts=… level=warn msg="…" err="…"</c>), or any other line on standard error, such as a crash.
    /// </summary>
    public static LogLine? Notable(string line, bool isError)
    {
        if (string.IsNullOrWhiteSpace(line))
            return null;
        if (line.StartsWith('{') && FromJson(line) is var (level, message))
            return IsNotable(level) ? new LogLine(level, message) : null;
        var pairs = Logfmt().Matches(line).GroupBy(match => match.Groups["key"].Value)
            .ToDictionary(group => group.Key, group => Unquote(group.Last().Groups["value"].Value));
        if (pairs.TryGetValue("level", out var word))
        {
            var text = pairs.GetValueOrDefault("msg", line);
            if (!IsNotable(Upper(word)))
                return null;
            return new LogLine(Upper(word), pairs.TryGetValue("err", out var cause) ? $"{text}: {cause}" : text);
        }

        return isError ? new LogLine(null, line) : null;
    }

    /// <summary>Formats the line for the console.</summary>
    /// <param name="child">Name of the child that printed it.</param>
    public string Format(string child) => Level is null ? $"{child}  {Message}" : $"{child}  {Level}  {Message}";

    private static bool IsNotable(string level) => level is "WARN" or "ERROR";

    private static string Upper(string level) => level.ToUpperInvariant();

    private static (string Level, string Message)? FromJson(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            string? Text(string name) => document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
            if (Text("level") is not { } level || Text("message") is not { } message)
                return null;
            return (level, Text("error") is { } error ? $"{message}: {error}" : message);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Unquote(string value) =>
        value is ['"', .. var inner, '"'] ? inner.Replace("\\\"", "\"", StringComparison.Ordinal) : value;

    [GeneratedRegex("""(?:^|\s)(?<key>level|msg|err)=(?<value>"(?:[^"\\]|\\.)*"|\S*)""", RegexOptions.CultureInvariant)]
    private static partial Regex Logfmt();
}
