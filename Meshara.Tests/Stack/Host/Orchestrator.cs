using System.Diagnostics;
using System.Globalization;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Host;

/// <summary>What Aspire's orchestrator runs for a host. It detaches, so that none of it is a descendant of the host. Linux only.</summary>
internal static class Orchestrator
{
    /// <summary>Its own processes, the dashboard, nodes and programs.</summary>
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
            return ""; // It has ended meanwhile.
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
            return null; // It has ended meanwhile.
        }
    }
}
