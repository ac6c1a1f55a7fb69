using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.Versioning;
using Meshara.Harness;
using Meshara.Harness.Network;
using Meshara.Lab.Drills.Faults;

namespace Meshara.Lab.Drills.Wan;

/// <summary>
/// Network namespaces created with <c>ip netns</c>, invisible to other programs: their names are on a small volume of this drill. When
/// its holder ends, with the lab at the latest, the names are gone; a namespace's devices and rules go with its last process.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Namespaces : IAsyncDisposable
{
    // Where ip stores the names, and iptables its lock.
    private const string Folder = "/run";
    private const long VolumeBytes = 1024 * 1024;

    private readonly SmallVolume _volume;
    private readonly List<NetworkNamespace> _opened = [];

    private readonly CancellationToken _stop;

    private Namespaces(SmallVolume volume, CancellationToken stop) => (_volume, _stop) = (volume, stop);

    /// <summary>Creates the volume for the names.</summary>
    /// <param name="log">Path of the holder's log.</param>
    /// <param name="stop">Cancels all operations.</param>
    /// <exception cref="StackException">This machine does not permit it.</exception>
    public static async Task<Namespaces> CreateAsync(string log, CancellationToken stop) =>
        new(await SmallVolume.MountAsync(Folder, VolumeBytes, stop, log), stop);

    /// <summary>Creates a namespace.</summary>
    public async Task AddAsync(string name)
    {
        await RunAsync("ip", "netns", "add", name);
        await RunAsync("ip", "-n", name, "link", "set", "lo", "up");
    }

    /// <summary>The command that starts a program in a namespace. It execs the program, under the same process id.</summary>
    public IReadOnlyList<string> Within(string name) => ["nsenter", $"--net={FileOf(name)}", "--"];

    /// <summary>Opens a namespace, to create sockets in it.</summary>
    public NetworkNamespace Open(string name)
    {
        var opened = new NetworkNamespace(FileOf(name));
        _opened.Add(opened);
        return opened;
    }

    /// <summary>Runs a program that refers to the namespaces by name.</summary>
    /// <exception cref="StackException">It failed; the message has its output.</exception>
    public async Task RunAsync(params string[] command)
    {
        if (await TryRunAsync(command) is { } error)
            throw new StackException($"`{string.Join(' ', command)}` failed: {error}", LabExitCodes.NotPossibleHere);
    }

    /// <summary>Runs a program that refers to the namespaces by name.</summary>
    /// <returns>Its output if it failed; otherwise null.</returns>
    public async Task<string?> TryRunAsync(params string[] command)
    {
        var start = new ProcessStartInfo(_volume.Within[0], [.. _volume.Within.Skip(1), .. command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(_stop), process.StandardError.ReadToEndAsync(_stop));
            await process.WaitForExitAsync(_stop);
            return process.ExitCode == 0 ? null : string.Concat(said).Trim();
        }
        catch (Win32Exception exception)
        {
            return exception.Message;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _opened.ForEach(opened => opened.Dispose());
        await _volume.DisposeAsync();
    }

    private string FileOf(string name) => Path.Combine(_volume.Folder, "netns", name);
}
