using System.CommandLine;
using Meshara.Harness;
using Meshara.Lab.Drills.Alerts;

namespace Meshara.Lab;

/// <summary>The command <c>drill alert</c> and its options.</summary>
internal sealed class AlertCommandLine
{
    private static readonly TimeSpan MaxWithin = TimeSpan.FromMinutes(10);

    private readonly Argument<string[]> _names = new("NAME")
    {
        Description = "The alerts, or all; or none, for healthy traffic in which nothing may fire.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _for = Text("--for", "DURATION", "How long nothing may fire, with none. [default: 10m]");
    private readonly Option<string> _within = Text("--within", "DURATION", "How much longer than its rule says a notification may take. [default: 10s]");
    private readonly Option<string> _report = Text("--report", "FILE", "Write what happened here (JSON).");
    private readonly Option<string> _data = Text("--data", "DIR", "Keep everything in a new folder in here. [default: a temporary folder, removed when all passed]");
    private readonly Option<bool> _stopWithInput = new("--stop-with-input") { Description = "Stop when standard input closes, for a program that starts this one." };

    public AlertCommandLine() => Command = new Command("alert",
        $"""
        Provokes alerts: a real fault in a real mesh, watched by Prometheus and Alertmanager with the project's own files, whose time
        passes {TimeLapse.Factor} times as fast. Each alert has to reach the right receiver in time - a mail server or a server that speaks PagerDuty's
        Events API -, with exactly its labels, once, while what it inhibits stays quiet; and to be resolved after the fault.

        {string.Join("\n", AlertCatalogue.Drills.OrderBy(drill => drill.Alert, StringComparer.Ordinal).Select(drill => $"  {drill.Alert,-33} {drill.Fault}"))}

        Exit codes: 0 all of them passed; 1 otherwise; 2 wrong usage; 4 this machine or user cannot run some of them; 130 stopped.
        """)
    {
        _names, _for, _within, _report, _data, _stopWithInput,
    };

    /// <summary>The command.</summary>
    public Command Command { get; }

    /// <summary>The validated options; null if another command was given.</summary>
    /// <exception cref="StackException">A value is invalid; the message names it.</exception>
    public AlertOptions? Find(ParseResult arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.CommandResult.Command != Command)
            return null;
        if (arguments.Errors is [var error, ..])
            throw new StackException($"{error.Message} See --help.", ExitCodes.Usage);
        var names = arguments.GetValue(_names) ?? [];
        if (names.Length > 1 && names.FirstOrDefault(name => name is AlertOptions.All or AlertOptions.None) is { } alone)
            throw new StackException($"'{alone}' stands alone.", ExitCodes.Usage);
        if (names.FirstOrDefault(name => name is not (AlertOptions.All or AlertOptions.None) && AlertCatalogue.Drills.All(drill => drill.Alert != name)) is { } unknown)
            throw new StackException($"There is no drill of an alert '{unknown}': see drill alert --help.", ExitCodes.Usage);
        var defaults = new AlertOptions { Alerts = names };
        var within = Setting.Find(_within, arguments);
        var options = defaults with
        {
            For = Setting.Find(_for, arguments)?.Duration() ?? defaults.For,
            Within = within?.Duration() ?? defaults.Within,
            Report = Setting.Find(_report, arguments)?.FilePath(),
            Data = Setting.Find(_data, arguments)?.FilePath(),
            StopWithInput = arguments.GetValue(_stopWithInput),
        };
        return options.Within <= MaxWithin ? options : throw within!.Wrong($"must be at most {MaxWithin.TotalMinutes:0}m");
    }

    private static Option<string> Text(string name, string helpName, string description) => new(name) { HelpName = helpName, Description = description };
}
