using System.Diagnostics;
using Meshara.Harness;

namespace Meshara.Lab.Drills.Faults;

/// <summary>One node's folder is on a small volume, which is filled to the last byte and then freed again.</summary>
internal sealed class DiskFault(DrillOptions options) : IFault
{
    // Enough for what one node stores in an hour's drill at the default rate; the ballast fills the rest quickly.
    private const long VolumeBytes = 128L * 1024 * 1024;

    private readonly TimeSpan _beat = Rhythm.Beat(options);
    private SmallVolume? _volume;

    public async Task PrepareAsync(DrillMesh mesh, CancellationToken stop)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            throw new StackException("disk needs Linux and root: it mounts a small tmpfs.", LabExitCodes.NotPossibleHere);
        var victim = mesh.Nodes[mesh.Random.Next(mesh.Nodes.Count)];
        _volume = await SmallVolume.MountAsync(victim.Folder, VolumeBytes, stop);
        victim.Launch = victim.Launch with { Within = _volume.Within };
        mesh.Log.Tell($"the folder of {victim.Name} lies on a volume of {VolumeBytes / (1024 * 1024)} MiB");
    }

    public async Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop)
    {
        var volume = _volume ?? throw new UnreachableException();
        while (await mesh.PauseAsync(_beat * 2, over))
        {
            var fault = mesh.Log.Begin("the volume is full");
            using var full = CancellationTokenSource.CreateLinkedTokenSource(over);
            full.CancelAfter(_beat * 2);
            await volume.KeepFullAsync(full.Token);
            volume.Free();
            mesh.Log.Heal(fault, "the volume has room again");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_volume is not null)
            await _volume.DisposeAsync();
    }
}
