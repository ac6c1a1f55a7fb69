using Meshara.Harness;

namespace Meshara.Lab.Drills.Faults;

/// <summary>All drills.</summary>
internal static class FaultCatalogue
{
    /// <summary>All drills, in the order of the help text.</summary>
    public static IReadOnlyList<FaultDescription> All { get; } =
    [
        new("kill", "SIGKILLs a random node every few seconds and starts it again on the same folder and ports.", (options, _) => new KillFault(options)),
        new("partition", "Splits the nodes in two groups that cannot reach each other, heals, splits again (Linux).", (options, _) => new PartitionFault(options)),
        new("slow", "Delays everything between the nodes, stalls some of it and now and then resets a connection.", (options, _) => new SlowFault(options)),
        new("disk", "Fills the small volume that one node's folder lies on, and frees it again (Linux, root).", (options, _) => new DiskFault(options)),
        new("flood", "Takes one node away while the others hold only few messages: more come than their queues hold.", (options, _) => new FloodFault(options)),
        new("restart-all", "Restarts all nodes at once, in turn by SIGKILL and by SIGTERM.", (options, _) => new RestartAllFault(options)),
        new("orphan", "Kills a sender for good whose messages wait for a node that is down; then that node comes back.", (options, ledger) => new OrphanFault(options, ledger)),
        new("clock", "Sets clocks an hour forth and back, and stops a node for a minute (not on Windows).", (options, _) => new ClockFault(options)),
        new("hostile", "Has peers answer nonsense, read nothing, flood and crowd around a node, and users send to hundreds that are not there.",
            (options, _) => new HostileFault(options, TimeProvider.System)),
        new("wan", "Nodes on hosts of their own: 20 to 200 ms, 0.5 % loss, 10 Mbit/s, one behind NAT; then cut in two (Linux, root).",
            (options, _) => OperatingSystem.IsLinux()
                ? WanFault.Create(options, TimeProvider.System)
                : throw new StackException("wan needs Linux and root: it makes network namespaces.", LabExitCodes.NotPossibleHere)),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(fault => fault.Name)];

    /// <summary>Creates the fault of a drill.</summary>
    public static IFault Create(DrillOptions options, DrillLedger ledger)
    {
        ArgumentNullException.ThrowIfNull(options);
        return All.Single(fault => fault.Name == options.Name).Create(options, ledger);
    }
}
