using System.Text.RegularExpressions;

namespace Meshara.Tests.Alerts.Runbooks;

/// <summary>A file of docs/runbooks/ and its commands.</summary>
internal sealed partial class Runbook
{
    /// <summary>Labels of blocks that apply to one kind of deployment; each is a line of its own before the block.</summary>
    public static readonly IReadOnlyList<string> Places = ["Process", "Compose", "Kubernetes"];

    private Runbook(string name, string text) => (Name, Text) = (name, text);

    /// <summary>The file's name.</summary>
    public string Name { get; }

    /// <summary>The file's text.</summary>
    public string Text { get; }

    /// <summary>The index, with what applies to all runbooks.</summary>
    public static Runbook Index { get; } = Read(Path.Combine(AlertFiles.Runbooks, "README.md"));

    /// <summary>The index and the runbook of every alert.</summary>
    public static IReadOnlyList<Runbook> All { get; } = [Index, .. AlertFiles.RunbookPaths().Select(Read)];

    /// <summary>Shell blocks, in order.</summary>
    public IReadOnlyList<Block> Blocks =>
        [.. Fenced().Matches(Text).Select(match => new Block(match.Groups["place"].Value, WithNode(match.Groups["text"].Value)))];

    /// <summary>All commands of blocks, and the docker and kubectl commands in the text.</summary>
    public IEnumerable<ShellCommand> Commands => Blocks.SelectMany(block => block.Commands).Concat(Codes.Select(WithNode)
        .Where(code => code.StartsWith("kubectl ", StringComparison.Ordinal) || code.StartsWith("docker ", StringComparison.Ordinal))
        .SelectMany(ShellCommand.Parse));

    /// <summary>Fenced and backticked text, which names files and variables.</summary>
    public IEnumerable<string> Literals => Fence().Matches(Text).Select(match => match.Value).Concat(Codes);

    private IEnumerable<string> Codes => Code().Matches(Fence().Replace(Text, "")).Select(match => match.Groups["code"].Value);

    private static Runbook Read(string path) => new(Path.GetFileName(path), File.ReadAllText(path));

    // $N is the node that the alert names.
    private static string WithNode(string text) => NodeVariable().Replace(text, "node-3");

    /// <summary>A block of shell commands.</summary>
    /// <param name="Place">The kind of deployment it applies to; empty for all.</param>
    /// <param name="Text">Its content.</param>
    internal sealed record Block(string Place, string Text)
    {
        public IReadOnlyList<ShellCommand> Commands => ShellCommand.Parse(Text);
    }

    [GeneratedRegex(@"(?:^(?<place>Process|Compose|Kubernetes)[^\n]*:\n\n)?^```sh\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();

    [GeneratedRegex(@"^```\w+\n.*?^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex("`(?<code>[^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\$(N\b|\{N\})")]
    private static partial Regex NodeVariable();
}
