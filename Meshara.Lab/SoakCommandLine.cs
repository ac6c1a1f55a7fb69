using System.CommandLine;
using Meshara.Harness;
using Meshara.Lab.Soak;

namespace Meshara.Lab;

/// <summary>The command <c>soak</c> and its options.</summary>
internal sealed class SoakCommandLine
{
    private readonly Option<string> _for = Text("--for", "DURATION", "How long, from 30s. [default: 30m]");
    private readonly Option<string> _rate = Text("--rate", "MESSAGES_PER_SECOND", "Messages a second, all nodes together. [default: 50]");
    private readonly Option<string> _seed = Text("--seed", "N", "Makes the same choices again. [default: random]");
    private readonly Option<string> _report = Text("--report", "FILE", "Write what happened here (JSON).");
    private readonly Option<bool> _stopWithInput = new("--stop-with-input")
    {
        Description = "Stop when standard input closes, for a program that starts this one.",
    };

    public SoakCommandLine() => Command = new Command("soak",
        $"""
        Runs {SoakOptions.Nodes} nodes under traffic with all telemetry, while the last three are killed and ended, links are slow, and
        hostile peers come and go. Of the first two nodes it fits a line to memory, handles, threads, connections, and the sizes of
        database and logs, without the first quarter of the time. Nothing may grow by more than the uncertainty of its slope and a
        small allowance.

        Exit codes: 0 everything arrived and nothing grows; 1 otherwise; 2 wrong usage; 3 no free ports; 130 stopped.
        """)
    {
        _for, _rate, _seed, _report, _stopWithInput,
    };

    /// <summary>The command.</summary>
    public Command Command { get; }

    /// <summary>The validated options; null if another command was given.</summary>
    /// <exception cref="StackException">A value is invalid; the message names it.</exception>
    public SoakOptions? Find(ParseResult arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.CommandResult.Command != Command)
            return null;
        if (arguments.Errors is [var error, ..])
            throw new StackException($"{error.Message} See --help.", ExitCodes.Usage);
        var defaults = new SoakOptions();
        var duration = Setting.Find(_for, arguments);
        var options = new SoakOptions
        {
            For = duration?.Duration() ?? defaults.For,
            Rate = Setting.Find(_rate, arguments)?.Number(1, 1000) ?? defaults.Rate,
            Seed = Setting.Find(_seed, arguments)?.Whole(0, int.MaxValue) ?? Random.Shared.Next(),
            Report = Setting.Find(_report, arguments)?.FilePath(),
            StopWithInput = arguments.GetValue(_stopWithInput),
        };
        return options.For >= SoakOptions.MinFor ? options : throw duration!.Wrong($"must be at least {SoakOptions.MinFor.TotalSeconds:0}s");
    }

    private static Option<string> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };
}
