using System.Globalization;

namespace Meshara.Lab.Peers;

/// <summary>What processes and their descendants have used, as Linux counts it in <c>/proc</c>.</summary>
/// <param name="Cpu">CPU time in user and kernel mode.</param>
/// <param name="WrittenBytes">Bytes that they caused to be written to a disk (<c>write_bytes</c>).</param>
/// <param name="ResidentBytes">Resident memory.</param>
internal readonly record struct TreeUse(TimeSpan Cpu, long WrittenBytes, long ResidentBytes)
{
    // proc(5): the unit of times in /proc/PID/stat is 1/sysconf(_SC_CLK_TCK), which is 100 a second on every architecture .NET runs on.
    private const double TicksPerSecond = 100;

    public static TreeUse operator +(TreeUse one, TreeUse other) =>
        new(one.Cpu + other.Cpu, one.WrittenBytes + other.WrittenBytes, one.ResidentBytes + other.ResidentBytes);

    /// <summary>Sums up processes and all of their descendants.</summary>
    public static TreeUse Of(IEnumerable<int> roots)
    {
        var parents = Parents();
        var found = new HashSet<int>(roots);
        for (var before = 0; before != found.Count;)
        {
            before = found.Count;
            found.UnionWith(parents.Where(entry => found.Contains(entry.Value)).Select(entry => entry.Key));
        }
        return found.Select(Only).Aggregate(default(TreeUse), (sum, one) => sum + one);
    }

    /// <summary>One process without its descendants; nothing if it has ended.</summary>
    public static TreeUse Only(int process)
    {
        try
        {
            var stat = Fields(process);
            var written = File.ReadLines($"/proc/{process}/io").First(line => line.StartsWith("write_bytes:", StringComparison.Ordinal));
            return new TreeUse(
                // Fields 14 and 15 of the file; the list begins with the third.
                TimeSpan.FromSeconds((Number(stat[11]) + Number(stat[12])) / TicksPerSecond),
                Number(written.Split(' ')[1]),
                Number(File.ReadAllText($"/proc/{process}/statm").Split(' ')[1]) * Environment.SystemPageSize);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return default; // it has ended
        }
    }

    /// <summary>The processes that a process has started.</summary>
    public static IReadOnlyList<int> ChildrenOf(int parent) =>
        [.. Parents().Where(entry => entry.Value == parent).Select(entry => entry.Key)];

    private static Dictionary<int, int> Parents()
    {
        var parents = new Dictionary<int, int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var process))
                continue;
            try
            {
                parents[process] = (int)Number(Fields(process)[1]);
            }
            catch (IOException)
            {
                // It has ended since the folder was listed.
            }
        }
        return parents;
    }

    // 1234 (name with (any) text) S 1200 … : what follows the last parenthesis.
    private static string[] Fields(int process)
    {
        var text = File.ReadAllText($"/proc/{process}/stat");
        return text[(text.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
