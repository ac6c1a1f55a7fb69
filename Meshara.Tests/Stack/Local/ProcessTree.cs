using System.Diagnostics;
using System.Globalization;

namespace Meshara.Tests.Stack.Local;

/// <summary>The processes that a program under test started.</summary>
internal static class ProcessTree
{
    /// <summary>The ids of all descendants of a process. Linux only.</summary>
    public static HashSet<int> Descendants(int ancestor)
    {
        var parents = Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Select(name => (Id: int.Parse(name!, CultureInfo.InvariantCulture), Parent: ParentOf(name!))).ToList();
        var found = new HashSet<int> { ancestor };
        while (parents.Any(process => found.Contains(process.Parent) && found.Add(process.Id)))
            continue;
        found.Remove(ancestor);
        return found;
    }

    /// <summary>Waits until all processes have ended; kills one that has not ended in time, and fails the test.</summary>
    public static async Task EndAsync(IEnumerable<Process> processes, CancellationToken test)
    {
        foreach (var process in processes)
        {
            try
            {
                await process.WaitForExitAsync(test).WaitAsync(NodeClient.Deadline, test);
            }
            catch (TimeoutException)
            {
                var name = process.ProcessName;
                process.Kill();
                Assert.Fail($"{name} was still running after {NodeClient.Deadline.TotalSeconds} s.");
            }
        }
    }

    // `1234 (name with) spaces) S 1 …`: the parent is the second field after the last parenthesis.
    private static int ParentOf(string id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // The process has ended.
        }
    }
}
