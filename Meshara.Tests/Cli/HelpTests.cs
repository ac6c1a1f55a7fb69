using System.Globalization;
using System.Text.RegularExpressions;
using Meshara.Node.Cli;

namespace Meshara.Tests.Cli;

public sealed partial class HelpTests
{
    [Theory]
    [InlineData("")]
    [InlineData("run")]
    [InlineData("keygen")]
    [InlineData("send")]
    [InlineData("broadcast")]
    [InlineData("inbox")]
    [InlineData("peers")]
    [InlineData("status")]
    [InlineData("top")]
    public async Task Every_command_explains_itself_with_examples_and_exit_codes(string command)
    {
        var run = new CliRun();
        Assert.Equal(ExitCodes.Ok, await run.InvokeAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]));
        Assert.Empty(run.Error);
        Assert.Contains($"  meshara {command}".TrimEnd(), run.Out[run.Out.IndexOf("Examples:", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.Equal(ExitCodes.All.Select(code => code.Code),
            ExitCodeLine().Matches(run.Out[run.Out.IndexOf("Exit codes:", StringComparison.Ordinal)..]).Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)));
        Assert.All(run.Out.Split('\n').Where(line => line.StartsWith("  --", StringComparison.Ordinal)),
            line => Assert.Matches("^  --\\S+.*  \\S", line));
    }

    [Fact]
    public async Task The_version_is_one_line()
    {
        var run = new CliRun();
        Assert.Equal(ExitCodes.Ok, await run.InvokeAsync("--version"));
        Assert.Matches("^[0-9]+\\.[0-9]+\\.[0-9]+\\S*\\s$", run.Out);
    }

    [GeneratedRegex("^ +([0-9]+)  ", RegexOptions.Multiline)]
    private static partial Regex ExitCodeLine();
}
