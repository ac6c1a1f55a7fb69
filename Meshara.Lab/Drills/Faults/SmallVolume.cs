using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// A tmpfs that only the processes started <see cref="Within"/> see. It is mounted in a separate mount namespace, which a small process
/// holds open: when that process ends, with the lab at the latest, the mount is gone.
/// </summary>
internal sealed class SmallVolume : IAsyncDisposable
{
    private const string Mounted = "mounted";
    private static readonly TimeSpan MountDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan TopUpInterval = TimeSpan.FromMilliseconds(50);

    // cat ends when its standard input, which the lab holds, closes. It ignores Ctrl+C, which reaches it as well, because
    // programs may still use the volume. $1 is the size, $2 the folder.
    private const string Script = $"trap '' INT; mount -t tmpfs -o size=$1,mode=0700 tmpfs \"$2\" && echo {Mounted} && exec cat";

    private readonly ChildProcess _holder;
    private readonly string _ballast;

    private SmallVolume(ChildProcess holder, string folder)
    {
        _holder = holder;
        Folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{holder.Id}/root{folder}");
        _ballast = Path.Combine(Folder, "ballast");
        Within = ["nsenter", string.Create(CultureInfo.InvariantCulture, $"--mount=/proc/{holder.Id}/ns/mnt"), "--"];
    }

    /// <summary>The volume as seen from outside its namespace, through <c>/proc/PID/root</c> of the holder.</summary>
    public string Folder { get; }

    /// <summary>The command that starts a program with access to the volume. It execs the program, under the same process id.</summary>
    public IReadOnlyList<string> Within { get; }

    /// <summary>Mounts a volume.</summary>
    /// <param name="folder">The mount point; it is created.</param>
    /// <param name="bytes">Its size.</param>
    /// <param name="stop">Cancels the wait.</param>
    /// <param name="log">Path of the holder's log; null for one next to the folder.</param>
    /// <exception cref="StackException">It cannot be mounted.</exception>
    [SupportedOSPlatform("linux")]
    public static async Task<SmallVolume> MountAsync(string folder, long bytes, CancellationToken stop, string? log = null)
    {
        Directory.CreateDirectory(folder);
        var mounted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var start = new ProcessStartInfo("unshare",
        [
            "--mount", "--propagation", "private", "sh", "-c", Script, "sh", bytes.ToString(CultureInfo.InvariantCulture), folder,
        ]);
        var holder = ChildProcess.Start("unshare", start, new ChildLog(log ?? folder + ".mount.log"), (line, _) =>
        {
            if (line == Mounted)
                mounted.SetResult();
        });
        try
        {
            if (await Task.WhenAny(mounted.Task, holder.Exited).WaitAsync(MountDeadline, stop) != mounted.Task)
                throw new StackException($"no tmpfs can be mounted: {string.Join(' ', holder.Log.Tail)}", LabExitCodes.NotPossibleHere);
            return new SmallVolume(holder, folder);
        }
        catch
        {
            await holder.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fills the volume, including space that becomes free, until <paramref name="stop"/> is cancelled.</summary>
    public async Task KeepFullAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TopUpInterval);
        try
        {
            do
                Fill();
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Expected: the caller ended the fault.
        }
    }

    /// <summary>Uses more of the space.</summary>
    public void Take(int bytes)
    {
        using var file = new FileStream(_ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        file.Write(new byte[bytes]);
    }

    /// <summary>Frees the space again.</summary>
    public void Free() => File.Delete(_ballast);

    public ValueTask DisposeAsync()
    {
        _holder.CloseInput();
        return _holder.DisposeAsync();
    }

    private void Fill()
    {
        const int enospc = 28;
        var zeros = new byte[64 * 1024];
        try
        {
            using var file = new FileStream(_ballast, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
            while (true)
                file.Write(zeros);
        }
        catch (IOException exception) when ((exception.HResult & 0xFFFF) == enospc)
        {
            // The volume is full, as intended.
        }
    }
}
