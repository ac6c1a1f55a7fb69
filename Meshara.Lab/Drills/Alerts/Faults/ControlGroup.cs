using System.Globalization;
using Meshara.Harness;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>A limit of memory for the programs that are started <see cref="Within"/>: a control group, of version 1 or 2 (cgroups(7)).</summary>
internal sealed class ControlGroup : IAsyncDisposable
{
    private const string Root = "/sys/fs/cgroup";

    private readonly string _folder;

    private ControlGroup(string folder)
    {
        _folder = folder;
        // The shell moves itself, and is then replaced by the program, under the same process id.
        Within = ["sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", Path.Combine(folder, "cgroup.procs")];
    }

    /// <summary>What a drill says that cannot run without one.</summary>
    public const string Missing = "it needs Linux, root and a memory controller of control groups that it may use";

    /// <summary>True where groups can be made.</summary>
    public static bool IsAvailable => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Make("probe") is { } probe && Remove(probe);

    /// <summary>What to start a program with so that it is limited.</summary>
    public IReadOnlyList<string> Within { get; }

    /// <summary>Makes a group.</summary>
    /// <param name="name">What it is called, on this machine.</param>
    /// <param name="bytes">The limit.</param>
    /// <exception cref="StackException">It cannot be made.</exception>
    public static ControlGroup Create(string name, long bytes)
    {
        var folder = Make(name) ?? throw new StackException($"No control group can be made: {Missing}.", LabExitCodes.NotPossibleHere);
        File.WriteAllText(LimitOf(folder), bytes.ToString(CultureInfo.InvariantCulture));
        return new ControlGroup(folder);
    }

    public ValueTask DisposeAsync()
    {
        Remove(_folder);
        return ValueTask.CompletedTask;
    }

    private static string? Make(string name)
    {
        foreach (var parent in (string[])[Path.Combine(Root, "memory"), Root])
        {
            var folder = Path.Combine(parent, string.Create(CultureInfo.InvariantCulture, $"meshara-lab-{Environment.ProcessId}-{name}"));
            try
            {
                Directory.CreateDirectory(folder);
                if (File.Exists(LimitOf(folder)))
                    return folder;
                Remove(folder);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Not here: read-only, or no file system of control groups.
            }
        }
        return null;
    }

    // The kernel has the last program's memory counted for a moment after its end.
    private static bool Remove(string folder)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(folder);
                return true;
            }
            catch (IOException) when (attempt < 50)
            {
                Thread.Sleep(TimeSpan.FromMilliseconds(20));
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    private static string LimitOf(string folder) =>
        Path.Combine(folder, folder.StartsWith(Path.Combine(Root, "memory") + "/", StringComparison.Ordinal) ? "memory.limit_in_bytes" : "memory.max");
}
