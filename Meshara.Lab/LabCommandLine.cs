using System.CommandLine;
using System.CommandLine.Invocation;
using Meshara.Harness;
using Meshara.Lab.Drills;
using Meshara.Lab.Drills.Faults;
using Meshara.Lab.Kit;
using Meshara.Lab.Pictures;

namespace Meshara.Lab;

/// <summary>The options of the lab.</summary>
internal sealed class LabCommandLine
{
    private readonly Argument<string> _name = new("NAME") { Description = $"What is done to the mesh: {string.Join(", ", FaultCatalogue.Names)}." };
    private readonly Option<string> _nodes = Text("--nodes", "N", $"Nodes to run, {DrillOptions.MinNodes} to {Stack.MaxNodes}. [default: 5]");
    private readonly Option<string> _for = Text("--for", "DURATION", "How long messages are sent and faults happen, from 5s. [default: 60s]");
    private readonly Option<string> _rate = Text("--rate", "MESSAGES_PER_SECOND", "Messages a second, all nodes together. [default: 200]");
    private readonly Option<string> _settle = Text("--settle", "DURATION",
        "How long to wait after the last fault until everything has arrived; what has not by then is lost. [default: 60s]");
    private readonly Option<string> _seed = Text("--seed", "N", "Makes the same choices again: who is killed, when, who sends to whom. [default: random]");
    private readonly Option<string> _report = Text("--report", "FILE", "Write what happened here (JSON).");
    private readonly Option<string> _data = Text("--data", "DIR",
        "Keep the nodes' folders and logs in a new folder in here. [default: a temporary folder, removed after a drill that passed]");
    private readonly Option<bool> _stopWithInput = new("--stop-with-input")
    {
        Description = "Stop when standard input closes, for a program that starts this one.",
    };

    private readonly CommandLineAction? _drill;

    public LabCommandLine()
    {
        var drill = new Command("drill",
            $"""
            Sends messages through a mesh of real nodes while something bad happens to it, from outside the nodes only. Then waits
            until the mesh has settled, reads every inbox and counts: every accepted message must be there, once.

            {string.Join("\n", FaultCatalogue.All.Select(fault => $"  {fault.Name,-12} {fault.Summary}"))}

            Exit codes: 0 nothing was lost or doubled and every node came through; 1 otherwise, the report lists every message;
            2 wrong usage; 3 no free ports; 4 this machine or user cannot run the drill; 130 stopped at once.
            """)
        {
            _name, _nodes, _for, _rate, _settle, _seed, _report, _data, _stopWithInput,
        };
        drill.Add(Alerts.Command);
        drill.Add(SlowLink.Command);
        // A command with subcommands but no action requires one of the subcommands.
        drill.SetAction(_ => ExitCodes.Success);
        _drill = drill.Action;
        Command = new RootCommand("Experiments on a real mesh.") { drill, Simulation.Command, Soak.Command, Fuzz.Command, Pictures.Command, Kit.Command };
        foreach (var measurement in Load.Commands)
            Command.Add(measurement);
    }

    /// <summary>True if invoking the arguments' action is all there is to do: <c>--help</c> and <c>--version</c>.</summary>
    public bool ActsByItself(ParseResult arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return arguments.Errors.Count == 0 && arguments.Action is { } action && action != _drill;
    }

    /// <summary>The command <c>drill alert</c>.</summary>
    public AlertCommandLine Alerts { get; } = new();

    /// <summary>The command <c>drill slow-link</c>.</summary>
    public SlowLinkCommandLine SlowLink { get; } = new();

    /// <summary>The commands for measurements.</summary>
    public LoadCommandLine Load { get; } = new();

    /// <summary>The command <c>simulate</c>.</summary>
    public SimulationCommandLine Simulation { get; } = new();

    /// <summary>The command for a long run.</summary>
    public SoakCommandLine Soak { get; } = new();

    /// <summary>The command that fuzzes the node's parsers.</summary>
    public FuzzCommandLine Fuzz { get; } = new();

    /// <summary>The command that draws dashboards.</summary>
    public PictureCommandLine Pictures { get; } = new();

    /// <summary>The command that generates the alerting rules.</summary>
    public KitCommandLine Kit { get; } = new();

    /// <summary>The root command, which parses the arguments and prints the help.</summary>
    public RootCommand Command { get; }

    /// <summary>The validated options of a drill.</summary>
    /// <exception cref="StackException">A value is invalid; the message names it.</exception>
    public DrillOptions Read(ParseResult arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        if (arguments.Errors is [var error, ..])
            throw new StackException($"{error.Message} See --help.", ExitCodes.Usage);

        var name = arguments.GetValue(_name) ?? "";
        if (!FaultCatalogue.Names.Contains(name))
            throw new StackException($"There is no drill '{name}': choose one of {string.Join(", ", FaultCatalogue.Names)}.", ExitCodes.Usage);
        var defaults = new DrillOptions { Name = name };
        var duration = Setting.Find(_for, arguments);
        var options = defaults with
        {
            Nodes = Setting.Find(_nodes, arguments)?.Whole(DrillOptions.MinNodes, Stack.MaxNodes) ?? defaults.Nodes,
            For = duration?.Duration() ?? defaults.For,
            Rate = Setting.Find(_rate, arguments)?.Number(0.1, 10_000) ?? defaults.Rate,
            Settle = Setting.Find(_settle, arguments)?.Duration() ?? defaults.Settle,
            Seed = Setting.Find(_seed, arguments)?.Whole(0, int.MaxValue) ?? Random.Shared.Next(),
            Report = Setting.Find(_report, arguments)?.FilePath(),
            Data = Setting.Find(_data, arguments)?.FilePath(),
            StopWithInput = arguments.GetValue(_stopWithInput),
        };
        return options.For >= DrillOptions.MinFor ? options : throw duration!.Wrong($"must be at least {DrillOptions.MinFor.TotalSeconds:0}s");
    }

    private static Option<string> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };
}
