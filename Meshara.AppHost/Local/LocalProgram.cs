using Meshara.Harness;
using Meshara.Harness.Processes;
using Meshara.Harness.Terminal;
using Spectre.Console;

namespace Meshara.AppHost.Local;

/// <summary>The host with the local engine, from its arguments to its exit code.</summary>
internal static class LocalProgram
{
    /// <summary>Name of the program in its messages, whichever engine runs.</summary>
    public const string Name = "meshara-apphost";

    /// <summary>True for the hidden command that tools run under; see <see cref="Guard"/>.</summary>
    public static bool IsGuard(string[] args) => args is [Guard.CommandName, ..];

    /// <summary>Runs the tool that the hidden command names. It takes every argument as it is, so no option parser sees them.</summary>
    public static Task<int> GuardAsync(string[] args) =>
        FailureReport.RunAsync(Name, () => Guard.RunAsync(args[1..], Console.OpenStandardInput()));

    /// <summary>Runs the mesh.</summary>
    public static async Task<int> RunAsync(StackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var console = new StatusConsole(AnsiConsole.Console);
        using var stops = new StopRequests(console);
        stops.WatchDotnetRun();
        if (options.StopWithInput)
            stops.WatchInput(Console.OpenStandardInput());
        var files = new StackFiles(Path.GetFullPath(options.Data));
        await using var children = new Children(files, console, stops, TimeProvider.System);
        return await new LocalEngine(options, files, children, console, stops, TimeProvider.System).RunAsync();
    }
}
