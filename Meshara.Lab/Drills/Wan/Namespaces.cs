using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.Versioning;
using Meshara.Harness;
using Meshara.Harness.Network;
using Meshara.Lab.Drills.Faults;

namespace Meshara.Lab.Drills.Wan;

/// <summary>
/// Network namespaces as <c>ip netns</c> makes them, which nobody else sees: their names lie on a small volume of the drill's own. When
/// what holds that ends, with the lab at the latest, the names are gone, and with the last process in a namespace its devices and rules.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Namespaces : IAsyncDisposable
{
    // Where ip keeps the names, and iptables its lock.
    private const string Folder = "/run";
    private const long VolumeBytes = 1024 * 1024;

    private readonly SmallVolume _volume;
    private readonly List<NetworkNamespace> _opened = [];

    private readonly CancellationToken _stop;

    private Namespaces(SmallVolume volume, CancellationToken stop) => (_volume, _stop) = (volume, stop);

    /// <summary>Makes room for their names.</summary>
    /// <param name="log">Where what holds them writes.</param>
    /// <param name="stop">Ends whatever is done to them.</param>
    /// <exception cref="StackException">This machine does not let it.</exception>
    public static async Task<Namespaces> CreateAsync(string log, CancellationToken stop) =>
        new(await SmallVolume.MountAsync(Folder, VolumeBytes, stop, log), stop);

    /// <summary>Makes a namespace.</summary>
    public async Task AddAsync(string name)
    {
        await RunAsync("ip", "netns", "add", name);
        await RunAsync("ip", "-n", name, "link", "set", "lo", "up");
    }

    /// <summary>What to start a program with so that it runs inside; it is replaced by the program, under the same process id.</summary>
    public IReadOnlyList<string> Within(string name) => ["nsenter", $"--net={FileOf(name)}", "--"];

    /// <summary>A namespace, to make sockets in.</summary>
    public NetworkNamespace Open(string name)
    {
        var opened = new NetworkNamespace(FileOf(name));
        _opened.Add(opened);
        return opened;
    }

    /// <summary>Runs a program that knows the namespaces by their names.</summary>
    /// <exception cref="StackException">It failed, with what it said.</exception>
    public async Task RunAsync(params string[] command)
    {
        if (await TryRunAsync(command) is { } error)
            throw new StackException($"`{string.Join(' ', command)}` failed: {error}", LabExitCodes.NotPossibleHere);
    }

    /// <summary>The same.</summary>
    /// <returns>What it said when it failed; null when it did not.</returns>
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
