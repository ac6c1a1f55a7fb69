using System.Globalization;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Preflight;

/// <summary>There is as much memory as the servers may use that do not run yet.</summary>
internal static class MemoryCheck
{
    // A node that idles takes about 100 MiB; Aspire's dashboard and orchestrator together take about 400.
    private const int NodeMiB = 128, HostMiB = 512;

    /// <summary>Compares what is wanted with what is there.</summary>
    /// <param name="plan">What is to run.</param>
    /// <param name="availableMiB">What is there.</param>
    /// <param name="running">Names of the containers that run; those of this mesh that stayed up have their memory.</param>
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

    /// <summary>What could be used without swapping.</summary>
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
