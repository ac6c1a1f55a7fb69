using System.Text.RegularExpressions;
using Meshara.Node.Cli;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Telemetry;

/// <summary>"Signs and causes" of docs/operating.md against the sources: quoted messages exist, and no warning is missing.</summary>
public sealed partial class SignsTests
{
    /// <summary>Codes of the command line that concern a start; <c>--help</c> explains those of client commands.</summary>
    private static readonly int[] StartCodes = [ExitCodes.Unexpected, ExitCodes.Usage, ExitCodes.CannotListen, ExitCodes.KeyFile, ExitCodes.Storage];

    private readonly string _section = Section();

    [Fact]
    public void Every_phrase_is_printed_by_something()
    {
        var sources = Sources();
        var phrases = Rows().SelectMany(cells => Quoted().Matches(cells[0]).Select(match => match.Groups["text"].Value)).Where(text => !IsReference(text)).ToList();
        Assert.True(phrases.Count > 60);
        Assert.DoesNotContain(phrases, phrase => !sources.Exists(source => Pattern(phrase).IsMatch(source)));
    }

    [Fact]
    public void Every_warning_and_error_is_explained()
    {
        var explained = Quoted().Matches(_section).Select(match => match.Groups["text"].Value).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(EventContract.Declared().Where(one => one.Level is "WARN" or "ERROR").Select(one => one.Name).Except(explained));
    }

    [Fact]
    public void Every_event_that_it_names_exists()
    {
        var known = EventContract.Declared().Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(Rows().SelectMany(cells => Quoted().Matches(cells[0]).Select(match => match.Groups["text"].Value)).Where(text => EventName().IsMatch(text)).Except(known));
    }

    [Fact]
    public void Every_exit_code_of_a_start_is_explained() => Assert.Equal(
        StartCodes, Rows("### It does not start").Select(cells => int.Parse(cells[1], System.Globalization.CultureInfo.InvariantCulture)).Distinct());

    /// <summary>Finds the messages in the code that refuses to start: one that is missing in the table fails here.</summary>
    [Fact]
    public void Every_refusal_to_start_is_explained()
    {
        var explained = Rows("### It does not start").SelectMany(cells => Quoted().Matches(cells[0]).Select(match => Pattern(match.Groups["text"].Value))).ToList();
        var refusals = Directory.GetFiles(Path.Combine(AlertFiles.Root, "Meshara.Node"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Where(path => Path.GetFileName(path) is not ("ClientOptions.cs" or "KeygenCommand.cs")) // commands that start no node
            .SelectMany(path => Refusal().Matches(Joined(File.ReadAllText(path))).Select(match => match.Groups["text"].Value))
            .Where(text => Hole().Replace(text, "").Count(char.IsLetter) > 12) // otherwise its callers supply the words
            .ToList();
        Assert.NotEmpty(refusals);
        Assert.DoesNotContain(refusals, refusal => !explained.Exists(pattern => pattern.IsMatch(refusal)));
    }

    private static string Section()
    {
        var text = File.ReadAllText(Path.Combine(AlertFiles.Root, "docs", "operating.md"));
        var start = text.IndexOf("## Signs and causes", StringComparison.Ordinal);
        return text[start..text.IndexOf("\n## ", start, StringComparison.Ordinal)];
    }

    /// <summary>The cells of all rows of the section's tables, or of the table under a heading.</summary>
    private IEnumerable<string[]> Rows(string? heading = null)
    {
        var text = heading is null ? _section : _section[_section.IndexOf(heading, StringComparison.Ordinal)..];
        if (heading is not null && text.IndexOf("\n### ", StringComparison.Ordinal) is var end and > 0)
            text = text[..end];
        return text.Split('\n').Where(line => line.StartsWith('|') && !line.StartsWith("| It prints", StringComparison.Ordinal) && !line.StartsWith("| ---", StringComparison.Ordinal))
            .Select(line => line.Trim('|').Split('|').Select(cell => cell.Trim()).ToArray());
    }

    private static bool IsReference(string text) => text.StartsWith('/') || EventName().IsMatch(text);

    /// <summary>All source files that may print something, with literals concatenated over several lines joined.</summary>
    private static List<string> Sources() =>
    [
        .. ((string[])["Meshara.Node", "Meshara.ServiceDefaults", "Meshara.AppHost", "Meshara.Harness"])
            .SelectMany(project => Directory.GetFiles(Path.Combine(AlertFiles.Root, project), "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(path => Joined(File.ReadAllText(path))),
    ];

    private static string Joined(string source) => Concatenation().Replace(source, "");

    /// <summary>A pattern for a phrase in which … stands for inserted values.</summary>
    private static Regex Pattern(string phrase) =>
        new(string.Join("[^\n]{1,200}?", phrase.Trim().Split('…').Select(Regex.Escape)), RegexOptions.None, TimeSpan.FromSeconds(10));

    [GeneratedRegex("`(?<text>[^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("^[A-Z][a-z]+([A-Z][a-z]+)+$")]
    private static partial Regex EventName();

    // "one " + $"literal"
    [GeneratedRegex("""["]\s*\+\s*\$?["]""")]
    private static partial Regex Concatenation();

    [GeneratedRegex("[{][^}]*[}]")]
    private static partial Regex Hole();

    // Messages of a MesharaException that prevents a node from starting, or of a validation rule of the settings.
    [GeneratedRegex("""(?:new(?: MesharaException)?\(\s*ErrorCodes\.(?:Configuration|KeyFile|Listen),|\byield return|Refused\(path,|Invalid\(path,)\s*(?:[^;"]*\?\s*)?\$?"(?<text>(?:[^"\\]|\\.)*)""")]
    private static partial Regex Refusal();
}
