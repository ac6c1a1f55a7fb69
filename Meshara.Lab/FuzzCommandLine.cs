using System.CommandLine;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Meshara.Lab.Fuzz;

namespace Meshara.Lab;

/// <summary>The command <c>fuzz</c> and its options.</summary>
internal sealed class FuzzCommandLine
{
    private const string All = "all";
    private const string InProcess = "in-process";
    private const string Afl = "afl";

    private readonly Option<string> _target = Text("--target", "TARGET",
        $"One of {string.Join(", ", FuzzTargets.Names)}, or all. [default: all]");
    private readonly Option<string> _for = Text("--for", "DURATION", "How long each target runs. [default: 60s]");
    private readonly Option<string> _executions = Text("--executions", "N", "End a target earlier, after this many inputs.");
    private readonly Option<string> _seed = Text("--seed", "N", "Makes the same choices again. [default: random]");
    private readonly Option<string> _engine = Text("--engine", "in-process|afl",
        "What makes the inputs; afl needs AFL++. [default: in-process]");
    private readonly Option<string> _corpus = Text("--corpus", "DIR",
        "Begin with the inputs in here as well, a folder a target, and keep there what is found.");
    private readonly Option<string> _report = Text("--report", "FILE", "Write the figures here (JSON).");

    public FuzzCommandLine() => Command = new Command("fuzz",
        $"""
        Feeds every parser of the node with changed inputs, and keeps those that reach code which none before has reached. The node's
        assemblies are instrumented by SharpFuzz for that. A parser must take an input or refuse it as documented, within a second, and
        without keeping memory.

        {string.Join("\n", FuzzTargets.Names.Select(Describe))}

        Exit codes: 0 passed; 1 a target crashed, hung or grew; 2 wrong usage; 130 stopped.
        """)
    {
        _target, _for, _executions, _seed, _engine, _corpus, _report,
    };

    /// <summary>The command.</summary>
    public Command Command { get; }

    /// <summary>What to run; null if another command was given.</summary>
    /// <exception cref="StackException">A value is invalid; the message names it.</exception>
    public Func<StatusConsole, CancellationToken, Task<int>>? Find(ParseResult arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.CommandResult.Command != Command)
            return null;
        if (arguments.Errors is [var error, ..])
            throw new StackException($"{error.Message} See --help.", ExitCodes.Usage);
        var options = Read(arguments);
        return (console, stop) => new FuzzRun(options, console.WriteLine).RunAsync(stop);
    }

    private FuzzOptions Read(ParseResult arguments)
    {
        var target = Setting.Find(_target, arguments);
        if (target is not null && target.Text is not (All or FuzzTargets.Planted) && !FuzzTargets.Names.Contains(target.Text))
            throw target.Wrong($"must be {All} or one of {string.Join(", ", FuzzTargets.Names)}");
        var engine = Setting.Find(_engine, arguments);
        if (engine is not null && engine.Text is not (InProcess or Afl))
            throw engine.Wrong($"must be {InProcess} or {Afl}");
        var options = new FuzzOptions { Targets = target is null || target.Text == All ? [.. FuzzTargets.Names] : [target.Text] };
        return options with
        {
            For = Setting.Find(_for, arguments)?.Duration() ?? options.For,
            Executions = Setting.Find(_executions, arguments)?.Whole(1, int.MaxValue) ?? options.Executions,
            Seed = Setting.Find(_seed, arguments)?.Whole(0, int.MaxValue) ?? Random.Shared.Next(),
            Afl = engine?.Text == Afl,
            Corpus = Setting.Find(_corpus, arguments)?.FilePath(),
            Report = Setting.Find(_report, arguments)?.FilePath(),
        };
    }

    private static string Describe(string target) => $"  {target,-14} {FuzzTargets.SummaryOf(target)}";

    private static Option<string> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };
}
