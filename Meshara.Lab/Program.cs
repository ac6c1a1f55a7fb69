using Meshara.Harness;
using Meshara.Harness.Processes;
using Meshara.Harness.Terminal;
using Meshara.Lab;
using Meshara.Lab.Benchmarks;
using Meshara.Lab.Drills;
using Meshara.Lab.Drills.Alerts;
using Meshara.Lab.Drills.Alerts.Faults;
using Meshara.Lab.Drills.SlowLink;
using Meshara.Lab.Fuzz;
using Meshara.Lab.Load;
using Meshara.Lab.Soak;
using Spectre.Console;

// Hidden commands for child processes (see PairRole, Guard, Ballast and FuzzWorker), and bench, come first: their arguments are passed on unparsed.
if (args is [PairRole.CommandName])
    return await PairRole.RunAsync(Console.In, Console.Out);
if (args is [MicroBenchmarks.CommandName, .. var bench])
    return MicroBenchmarks.Run(bench);
if (args is [Guard.CommandName, .. var guarded])
    return await FailureReport.RunAsync("meshara-lab", () => Guard.RunAsync(guarded, Console.OpenStandardInput()));
if (args is [Ballast.CommandName, var ballast, _, .. var node])
    return Ballast.RunNode(ballast, node);
if (args is [FuzzWorker.CommandName, var fuzzed, var instrumented, var fuzzOptions])
    return FuzzWorker.Run(fuzzed, instrumented, fuzzOptions);
if (args is [FuzzWorker.AflCommandName, var aflFuzzed, var aflInstrumented])
    return FuzzWorker.RunAfl(aflFuzzed, aflInstrumented);

return await FailureReport.RunAsync("meshara-lab", async () =>
{
    var commandLine = new LabCommandLine();
    var arguments = commandLine.Command.Parse(args);
    // --help and --version are handled by their own actions.
    if (commandLine.ActsByItself(arguments))
        return await arguments.InvokeAsync();

    var console = new StatusConsole(AnsiConsole.Console);
    using var stops = new StopRequests(console);
    stops.WatchDotnetRun();
    if ((commandLine.Load.Find(arguments) ?? commandLine.Simulation.Find(arguments) ?? commandLine.Fuzz.Find(arguments)) is { } measure)
    {
        try
        {
            return await measure(console, stops.Stop);
        }
        catch (OperationCanceledException) when (stops.Stop.IsCancellationRequested)
        {
            return ExitCodes.Killed;
        }
    }

    if (commandLine.Alerts.Find(arguments) is { } alerts)
    {
        if (alerts.StopWithInput)
            stops.WatchInput(Console.OpenStandardInput());
        return await new AlertRun(alerts, console, stops, TimeProvider.System).RunAsync();
    }

    if (commandLine.SlowLink.Find(arguments) is { } slowLink)
    {
        if (slowLink.StopWithInput)
            stops.WatchInput(Console.OpenStandardInput());
        return await new SlowLinkDrill(slowLink, console, stops, TimeProvider.System).RunAsync();
    }

    if (commandLine.Soak.Find(arguments) is { } soak)
    {
        if (soak.StopWithInput)
            stops.WatchInput(Console.OpenStandardInput());
        return await new SoakRun(soak, console, stops, TimeProvider.System).RunAsync();
    }

    if (commandLine.Kit.Find(arguments) is { } make)
        return make(console);

    if (commandLine.Pictures.Find(arguments) is { } draw)
        return await draw(console, stops.Stop);

    var options = commandLine.Read(arguments);
    if (options.StopWithInput)
        stops.WatchInput(Console.OpenStandardInput());
    return await new Drill(options, console, stops, TimeProvider.System).RunAsync();
});
