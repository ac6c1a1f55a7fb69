using Meshara.AppHost;
using Meshara.AppHost.Local;
using Spectre.Console;

const string Program = "meshara-apphost";

// The hidden command that tools run under; see Guard. It takes every argument as it is, so no option parser sees them.
if (args is [Guard.CommandName, .. var guarded])
    return await FailureReport.RunAsync(Program, () => Guard.RunAsync(guarded, Console.OpenStandardInput()));

return await FailureReport.RunAsync(Program, async () =>
{
    var commandLine = new StackCommandLine();
    var arguments = commandLine.Command.Parse(args);
    // --help and --version act by themselves.
    if (arguments.Errors.Count == 0 && arguments.Action is not null)
        return await arguments.InvokeAsync();

    var options = commandLine.Read(arguments, StackCommandLine.Configuration(Directory.GetCurrentDirectory()));
    var console = new StatusConsole(AnsiConsole.Console);
    using var stops = new StopRequests(console);
    stops.WatchDotnetRun();
    if (options.StopWithInput)
        stops.WatchInput(Console.OpenStandardInput());
    var files = new StackFiles(Path.GetFullPath(options.Data));
    await using var children = new Children(files, console, stops, TimeProvider.System);
    return await new LocalEngine(options, files, children, console, stops, TimeProvider.System).RunAsync();
});
