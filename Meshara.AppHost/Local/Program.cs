using Meshara.AppHost;
using Meshara.AppHost.Local;
using Spectre.Console;

// The hidden command that tools run under; see Guard. It takes every argument as it is, so no option parser sees them.
if (args is [Guard.CommandName, .. var guarded])
    return await ReportAsync(() => Guard.RunAsync(guarded, Console.OpenStandardInput()));

return await ReportAsync(async () =>
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

static async Task<int> ReportAsync(Func<Task<int>> run)
{
    try
    {
        return await run();
    }
    catch (StackException exception)
    {
        await Console.Error.WriteLineAsync($"meshara-apphost: {exception.Message}");
        return exception.ExitCode;
    }
    catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
    {
        // A full disk or a folder without permission: the message names the file.
        await Console.Error.WriteLineAsync($"meshara-apphost: {exception.Message}");
        return ExitCodes.Failure;
    }
}
