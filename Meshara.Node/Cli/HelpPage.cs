using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;

namespace Meshara.Node.Cli;

/// <summary>The library's help for a command, followed by examples and exit codes.</summary>
internal sealed class HelpPage(SynchronousCommandLineAction standard, IReadOnlyList<string> rootExamples) : SynchronousCommandLineAction
{
    // Help is shown even if something else on the command line is missing or wrong.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        standard.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (var example in parseResult.CommandResult.Command is MeshCommand command ? command.Examples : rootExamples)
            output.WriteLine($"  {example}");
        output.WriteLine();
        output.WriteLine("Exit codes:");
        foreach (var (code, meaning) in ExitCodes.All)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {code,3}  {meaning}"));
        return ExitCodes.Ok;
    }
}
