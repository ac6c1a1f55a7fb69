using System.Globalization;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Preflight;

/// <summary>Checks that enough memory is free for the nodes and the servers that are not running yet.</summary>
internal static class MemoryCheck
{
    // An idle node takes about 100 MiB; Aspire's dashboard and orchestrator take about 400 MiB together.
    private const int NodeMiB = 128, HostMiB = 512;

    /// <summary>Compares the memory the stack may use with the memory that is free.</summary>
    /// <param name="plan">The plan to check.</param>
    /// <param name="availableMiB">Free memory.</param>
    /// <param name="running">Names of the running containers; those of this mesh that stayed up already have their memory.</param>
    public static IEnumerable<Finding> Find(MeshPlan plan, long availableMiB, IReadOnlySet<string> running)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(running);
        var parts = plan.Running.Where(part => !running.Contains(plan.Named(part.Name))).ToList();
        var needed = parts.Sum(part => part.MemoryMiB) + (plan.Stack.Nodes.Count * NodeMiB) + HostMiB;
        if (needed <= availableMiB)
            yield break;
        var largest = parts.OrderByDescending(part => part.MemoryMiB).Take(3).ToList();
        var remedy = largest.Count == 0
            ? "close something or run fewer nodes"
            : $"close something, run fewer nodes, or leave the largest parts out with --without {string.Join(',', largest)} "
                + $"({Text(largest.Sum(part => part.MemoryMiB))})";
        yield return new Finding($"The stack may use {Text(needed)} and {Text(availableMiB)} of memory are free: {remedy}.");
    }

    /// <summary>Memory that can be used without swapping.</summary>
    public static long AvailableMiB() => OperatingSystem.IsLinux() && LinuxAvailableMiB(File.ReadLines("/proc/meminfo")) is { } available
        ? available
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024 * 1024);

    // MemAvailable:   22716168 kB
    internal static long? LinuxAvailableMiB(IEnumerable<string> meminfo) => meminfo
        .Where(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal))
        .Select(line => (long?)(long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024))
        .FirstOrDefault();

    private static string Text(long mebibytes) => string.Create(CultureInfo.InvariantCulture, $"{mebibytes / 1024d:0.0} GiB");
}
