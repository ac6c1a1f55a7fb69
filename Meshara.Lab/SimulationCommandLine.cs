using System.CommandLine;
using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Meshara.Lab.Simulation;

namespace Meshara.Lab;

/// <summary>The command <c>simulate</c>, and its options.</summary>
internal sealed class SimulationCommandLine
{
    private const int MaxNodes = 20_000;

    // Each node remembers every member, so memory grows with the square.
    private const int MaxMembership = 2_000;

    private readonly Option<string> _nodes = Text("--nodes", "N", $"Nodes, 10 to {MaxNodes}. [default: 1000]");
    private readonly Option<string> _seed = Text("--seed", "N", "The same seed makes the same run. [default: 1]");
    private readonly Option<string> _churn = Text("--churn", "PERCENT/min", "Share of nodes that crash in a minute, while as many join, for example 5%/min. [default: 0%/min]");
    private readonly Option<string> _loss = Text("--loss", "PERCENT", "Share of packets lost, up to 50%. [default: 0%]");
    private readonly Option<string> _hidden = Text("--hidden", "PERCENT", "Share of nodes that cannot be dialled, up to 90%. [default: 0%]");
    private readonly Option<string> _hostile = Text("--hostile", "PERCENT", "Share of hostile nodes, up to 50%. [default: 0%]");
    private readonly Option<string> _for = Text("--for", "DURATION", "How long the load lasts, in virtual time. [default: 60s]");
    private readonly Option<string> _lookups = Text("--lookups", "N", "Lookups, and as many private messages, 1 to 100000. [default: 2000]");
    private readonly Option<string> _broadcasts = Text("--broadcasts", "N", "Broadcasts, 1 to 1000. [default: 20]");
    private readonly Option<string> _membership = Text("--membership", "on|off", $"Simulate the members' view. [default: on up to {MaxMembership} nodes]");
    private readonly Option<string> _report = Text("--report", "FILE", "Write the figures here (JSON).");

    public SimulationCommandLine() => Command = new Command("simulate",
        """
        Runs the routing, gossip, membership and delivery of many nodes, the very classes of the node, over a simulated network in
        virtual time, on one thread. Nodes look each other up, broadcast and write to each other while some crash and others join.
        """)
    {
        _nodes, _seed, _churn, _loss, _hidden, _hostile, _for, _lookups, _broadcasts, _membership, _report,
    };

    public Command Command { get; }

    /// <summary>The simulation to run; null if another command was given.</summary>
    /// <exception cref="StackException">A value is invalid; the message names it.</exception>
    public Func<StatusConsole, CancellationToken, Task<int>>? Find(ParseResult arguments)
    {
        if (arguments.CommandResult.Command != Command)
            return null;
        if (arguments.Errors is [var error, ..])
            throw new StackException($"{error.Message} See --help.", ExitCodes.Usage);
        var options = Read(arguments);
        return async (console, stop) =>
        {
            await using var run = new SimulationRun(options, console);
            return await run.RunAsync(stop);
        };
    }

    private SimulationOptions Read(ParseResult arguments)
    {
        var defaults = new SimulationOptions();
        var nodes = Setting.Find(_nodes, arguments)?.Whole(10, MaxNodes) ?? defaults.Nodes;
        return defaults with
        {
            Nodes = nodes,
            Seed = Setting.Find(_seed, arguments)?.Whole(0, int.MaxValue - 2) ?? defaults.Seed,
            Churn = Percent(_churn, arguments, 1, "%/min"),
            Loss = Percent(_loss, arguments, 0.5, "%"),
            Hidden = Percent(_hidden, arguments, 0.9, "%"),
            Hostile = Percent(_hostile, arguments, 0.5, "%"),
            For = Setting.Find(_for, arguments)?.Duration() ?? defaults.For,
            Lookups = Setting.Find(_lookups, arguments)?.Whole(1, 100_000) ?? defaults.Lookups,
            Broadcasts = Setting.Find(_broadcasts, arguments)?.Whole(1, 1000) ?? defaults.Broadcasts,
            HasMembership = Setting.Find(_membership, arguments) is not { } given ? nodes <= MaxMembership
                : given.Text is "on" or "off" ? given.Text == "on" : throw given.Wrong("must be on or off"),
            Report = Setting.Find(_report, arguments)?.FilePath(),
        };
    }

    /// <summary>A share, given in percent with its unit.</summary>
    private static double Percent(Option<string> option, ParseResult arguments, double most, string unit)
    {
        if (Setting.Find(option, arguments) is not { } given)
            return 0;
        var isNumber = given.Text.EndsWith(unit, StringComparison.Ordinal)
            & double.TryParse(given.Text[..Math.Max(0, given.Text.Length - unit.Length)], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent);
        return isNumber && percent <= most * 100 ? percent / 100 : throw given.Wrong($"must be a number from 0 to {most * 100:0} followed by {unit}");
    }

    private static Option<string> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };
}
