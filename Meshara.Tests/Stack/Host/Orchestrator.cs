using System.Diagnostics;
using System.Globalization;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Host;

/// <summary>
/// The processes that Aspire's orchestrator runs for a host. They are detached and not descendants of the host. Linux only.
/// </summary>
internal static class Orchestrator
{
    /// <summary>The orchestrator's own processes, the dashboard, nodes and programs.</summary>
    /// <param name="host">The host's process.</param>
    public static IReadOnlyList<Process> Processes(int host)
    {
        // dcp start-apiserver --monitor HOST …
        var watches = string.Create(CultureInfo.InvariantCulture, $"\0--monitor\0{host}\0");
        var roots = Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Where(name => CommandLine(name!).Contains(watches, StringComparison.Ordinal)).Select(name => int.Parse(name!, CultureInfo.InvariantCulture)).ToList();
        return [.. roots.SelectMany(root => ProcessTree.Descendants(root).Append(root)).Distinct().Select(Find).OfType<Process>()];
    }

    private static string CommandLine(string id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (IOException)
        {
            return ""; // The process has ended.
        }
    }

    private static Process? Find(int id)
    {
        try
        {
            return Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return null; // The process has ended.
        }
    }
}
