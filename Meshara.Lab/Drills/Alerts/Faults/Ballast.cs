using System.Diagnostics;
using System.Runtime.InteropServices;
using Meshara.AppHost.Local;
using Meshara.Node;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>
/// The hidden command <c>ballast NODE ARGUMENTS</c>: runs the node in this process, which takes a gigabyte more of memory when it is
/// told to and gives it back when it is told that. The node itself knows nothing of it.
/// </summary>
internal static class Ballast
{
    /// <summary>Name of the command.</summary>
    public const string CommandName = "ballast";

    private const nuint Bytes = 1_200_000_000;

    // SIGUSR1 and SIGUSR2, as Linux numbers them on every processor .NET runs on.
    private const int Load = 10;
    private const int Drop = 12;

    private static readonly Lock Gate = new();
    private static nint _ballast;

    /// <summary>What a node is started within.</summary>
    public static IReadOnlyList<string> Within()
    {
        var self = Environment.ProcessPath ?? throw new UnreachableException();
        return Path.GetFileNameWithoutExtension(self) == "dotnet" ? [self, typeof(Ballast).Assembly.Location, CommandName] : [self, CommandName];
    }

    /// <summary>Has a node's process take the memory.</summary>
    public static void Take(int processId) => Signal(processId, Load);

    /// <summary>Has it give the memory back.</summary>
    public static void GiveBack(int processId) => Signal(processId, Drop);

    /// <summary>Runs the node's own program with its arguments.</summary>
    /// <returns>Its exit code.</returns>
    public static int RunNode(string[] arguments)
    {
        using var load = PosixSignalRegistration.Create((PosixSignal)Load, context => React(context, Allocate));
        using var drop = PosixSignalRegistration.Create((PosixSignal)Drop, context => React(context, Free));
        var main = typeof(NodeHost).Assembly.EntryPoint ?? throw new UnreachableException();
        return (int)main.Invoke(null, [arguments])!;
    }

    private static void Signal(int processId, int signal)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("Ballast is taken by signals as Linux numbers them.");
        Unix.Signal(processId, signal);
    }

    private static void React(PosixSignalContext context, Action act)
    {
        context.Cancel = true; // the default is to end the process
        lock (Gate)
            act();
    }

    private static unsafe void Allocate()
    {
        if (_ballast != 0)
            return;
        _ballast = (nint)NativeMemory.Alloc(Bytes);
        // Memory counts once it is written to.
        NativeMemory.Fill((void*)_ballast, Bytes, 1);
    }

    private static unsafe void Free()
    {
        NativeMemory.Free((void*)_ballast);
        _ballast = 0;
    }
}
