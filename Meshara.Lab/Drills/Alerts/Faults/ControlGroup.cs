using System.Globalization;
using Meshara.Harness;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>A memory limit for the programs started <see cref="Within"/> it: a control group, version 1 or 2 (cgroups(7)).</summary>
internal sealed class ControlGroup : IAsyncDisposable
{
    private const string Root = "/sys/fs/cgroup";

    private readonly string _folder;

    private ControlGroup(string folder)
    {
        _folder = folder;
        // The shell moves itself into the group and then execs the program, under the same process id.
        Within = ["sh", "-c", "echo $$ >\"$0\" && exec \"$@\"", Path.Combine(folder, "cgroup.procs")];
    }

    /// <summary>The message of a drill that cannot run without control groups.</summary>
    public const string Missing = "it needs Linux, root and a memory controller of control groups that it may use";

    /// <summary>True if groups can be created.</summary>
    public static bool IsAvailable => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Make("probe") is { } probe && Remove(probe);

    /// <summary>The command that starts a program in the group.</summary>
    public IReadOnlyList<string> Within { get; }

    /// <summary>Creates a group.</summary>
    /// <param name="name">Its name, unique on this machine.</param>
    /// <param name="bytes">The limit.</param>
    /// <exception cref="StackException">It cannot be created.</exception>
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
                // The file system is read-only, or not one of control groups.
            }
        }
        return null;
    }

    // The kernel charges the last program's memory to the group for a moment after its exit.
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
