using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Meshara.Harness.Processes;

/// <summary>
/// The hidden command <c>guard PROGRAM [ARGUMENTS]</c>, which runs a program and stops it when standard input closes. Prometheus and
/// Alertmanager do not watch their standard input as nodes do, and only Linux can kill a child when its parent dies; a guard between
/// the host and such a program works on every operating system.
/// </summary>
internal static class Guard
{
    /// <summary>Name of the command.</summary>
    public const string CommandName = "guard";

    // Short enough that everything is gone 5 s after the host was killed.
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(3);

    /// <summary>Describes how to start a guarded program: by running this executable with the guard command.</summary>
    public static ProcessStartInfo Start(string program, IEnumerable<string> arguments)
    {
        var self = Environment.ProcessPath ?? throw new InvalidOperationException("this process has no path");
        var start = new ProcessStartInfo(self);
        // If started as `dotnet PROGRAM.dll`, the process is the dotnet muxer, which needs the assembly's path.
        if (Path.GetFileNameWithoutExtension(self).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            start.ArgumentList.Add(Assembly.GetEntryAssembly()!.Location);
        start.ArgumentList.Add(CommandName);
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }

    /// <summary>Runs a program until it exits or <paramref name="input"/> ends.</summary>
    /// <returns>The program's exit code; 0 if the guard stopped it.</returns>
    /// <exception cref="StackException">No program was named, or it cannot be started.</exception>
    public static async Task<int> RunAsync(string[] command, Stream input)
    {
        if (command is not [var program, .. var arguments])
            throw new StackException($"{CommandName}: name the program to run.", ExitCodes.Usage);

        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel(stop));
        // Ctrl+C reaches every process of the terminal, but the host decides when this one stops.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);

        using var process = Launch(program, arguments);
        var exited = process.WaitForExitAsync();
        var closed = DrainAsync(input, stop.Token);
        if (await Task.WhenAny(exited, closed) == exited)
            return process.ExitCode;

        if (OperatingSystem.IsWindows())
            process.Kill(entireProcessTree: true);
        else
            Unix.Terminate(process.Id);
        if (await Task.WhenAny(exited, Task.Delay(StopDeadline)) != exited)
            process.Kill(entireProcessTree: true);
        await exited;
        return ExitCodes.Success;
    }

    /// <summary>Reads the stream until it ends or breaks, or the read is cancelled, and discards what it reads.</summary>
    public static async Task DrainAsync(Stream input, CancellationToken cancellationToken)
    {
        var buffer = new byte[256];
        try
        {
            // A read from the console cannot be cancelled, so a pending one is abandoned.
            while (await input.ReadAsync(buffer, CancellationToken.None).AsTask().WaitAsync(cancellationToken) > 0)
                continue;
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // A broken pipe counts as the end.
        }
    }

    private static Process Launch(string program, string[] arguments)
    {
        // The program gets its own, closed standard input, so that it does not read the guard's.
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true };
        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception exception)
        {
            throw new StackException($"{program} cannot be started: {exception.Message}");
        }
    }

    private static Action<PosixSignalContext> Cancel(CancellationTokenSource stop) => context =>
    {
        context.Cancel = true;
        stop.Cancel();
    };
}
