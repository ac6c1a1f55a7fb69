using System.Text.RegularExpressions;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Telemetry;

/// <summary>The table of spans in docs/telemetry.md.</summary>
/// <param name="Parents">Names of spans; <see cref="Api"/> and <see cref="None"/> if the table says so.</param>
internal sealed partial record SpanContract(string Name, string Kind, IReadOnlySet<string> Parents, IReadOnlySet<string> Attributes, IReadOnlySet<string> Events)
{
    public const string Api = "the request to the API";
    public const string None = "none";

    public static IReadOnlyDictionary<string, SpanContract> Load()
    {
        // | `sign` | internal | `create_message` `broadcast_message` | | |
        var rows = Section("| Span | Kind | Parent | Attributes | Events |").Select(cells => new SpanContract(
            cells[1].Trim('`'), cells[2], Parse(cells[3]), Names(cells[4]), Names(cells[5])));
        return rows.ToDictionary(row => row.Name, StringComparer.Ordinal);
    }

    /// <summary>Pairs of child and parent in the diagram of a private message.</summary>
    public static IReadOnlyList<(string Child, string Parent)> Drawing()
    {
        var above = new Stack<(int Column, string Name)>();
        var pairs = new List<(string, string)>();
        foreach (var line in Lines().SkipWhile(line => line != "```").Skip(1).TakeWhile(line => line != "```"))
        {
            var name = FirstWord().Match(line);
            while (above.Count > 0 && above.Peek().Column >= name.Index)
                above.Pop();
            if (above.Count > 0)
                pairs.Add((name.Value, above.Peek().Name));
            above.Push((name.Index, name.Value));
        }
        return pairs;
    }

    /// <summary>The cells of all rows under a table heading.</summary>
    public static IEnumerable<string[]> Section(string heading) => Lines()
        .SkipWhile(line => line != heading).Skip(2).TakeWhile(line => line.StartsWith('|'))
        .Select(line => line.Split('|', StringSplitOptions.TrimEntries));

    public static IReadOnlySet<string> Names(string cell) =>
        Quoted().Matches(cell).Select(match => match.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);

    private static HashSet<string> Parse(string cell)
    {
        var parents = Names(cell).ToHashSet(StringComparer.Ordinal);
        if (cell.Contains(Api, StringComparison.Ordinal))
            parents.Add(Api);
        if (cell.Contains("or none", StringComparison.Ordinal))
            parents.Add(None);
        return parents;
    }

    private static string[] Lines() => File.ReadAllLines(Path.Combine(AlertFiles.Root, "docs", "telemetry.md"));

    [GeneratedRegex("`(?<name>[a-z_.]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("[a-z_]+")]
    private static partial Regex FirstWord();
}
