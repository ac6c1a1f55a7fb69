using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Meshara.Harness.Processes;

/// <summary>
/// The hidden command <c>guard PROGRAM [ARGUMENTS]</c>: runs a program that knows nothing of this host and ends it when
/// standard input closes. Prometheus and Alertmanager do not watch their standard input as nodes do, and no operating
/// system but Linux ends a child with its parent; a guard between them and the host does it on every one.
/// </summary>
internal static class Guard
{
    /// <summary>Name of the command.</summary>
    public const string CommandName = "guard";

    // Short enough that nothing is left 5 s after the host was killed.
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(3);

    /// <summary>How the host starts a guarded program: as this very executable.</summary>
    public static ProcessStartInfo Start(string program, IEnumerable<string> arguments)
    {
        var self = Environment.ProcessPath ?? throw new InvalidOperationException("this process has no path");
        var start = new ProcessStartInfo(self);
        // Started as `dotnet PROGRAM.dll` the process is the muxer, which needs to be told what to run.
        if (Path.GetFileNameWithoutExtension(self).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            start.ArgumentList.Add(Assembly.GetEntryAssembly()!.Location);
        start.ArgumentList.Add(CommandName);
        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }

    /// <summary>Runs a program until it ends or <paramref name="input"/> does.</summary>
    /// <returns>The program's exit code; 0 when it was stopped.</returns>
    public static async Task<int> RunAsync(string[] command, Stream input)
    {
        if (command is not [var program, .. var arguments])
            throw new StackException($"{CommandName}: name the program to run.", ExitCodes.Usage);

        using var stop = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel(stop));
        // Ctrl+C reaches every process of the terminal; the host decides when this one ends.
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

    /// <summary>Completes when the stream ends, breaks or is cancelled: in each case there is nobody at its other end to obey.</summary>
    public static async Task DrainAsync(Stream input, CancellationToken cancellationToken)
    {
        var buffer = new byte[256];
        try
        {
            // What is said on standard input does not matter, only its end. A read of the console cannot be cancelled:
            // it is left behind instead.
            while (await input.ReadAsync(buffer, CancellationToken.None).AsTask().WaitAsync(cancellationToken) > 0)
                continue;
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // A broken pipe is an end too.
        }
    }

    private static Process Launch(string program, string[] arguments)
    {
        // Its own, closed standard input: it must not read what is meant for the guard.
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
