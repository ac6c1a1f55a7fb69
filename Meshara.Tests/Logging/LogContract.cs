using System.Text.RegularExpressions;
using Meshara.Tests.Telemetry;

namespace Meshara.Tests.Logging;

/// <summary>The fields of log lines in docs/telemetry.md; members of objects by their path, such as <c>span.node_id</c>.</summary>
internal static partial class LogContract
{
    /// <summary>The fields that Filebeat adds to a line.</summary>
    public static IReadOnlySet<string> AddedByFilebeat { get; } = new HashSet<string>(StringComparer.Ordinal) { "@timestamp", "log.file.path", "log.offset" };

    public static IReadOnlySet<string> Fields { get; } = Load();

    private static HashSet<string> Load()
    {
        // | `span.name`, `trace_id`, `span_id` | name and ids of the current span, when there is one |
        var fields = SpanContract.Section("| Field | Content |")
            .SelectMany(cells => Quoted().Matches(cells[1]).Select(match => match.Groups["name"].Value))
            .ToHashSet(StringComparer.Ordinal);
        fields.UnionWith(EventContract.Documented().SelectMany(one => one.Fields.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        // The table of events uses error as shorthand for error.type and error.message.
        fields.Remove("error");
        return fields;
    }

    [GeneratedRegex(@"`(?<name>[a-z_.]+)`")]
    private static partial Regex Quoted();
}
