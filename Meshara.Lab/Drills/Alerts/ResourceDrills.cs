using System.Globalization;
using Meshara.Lab.Drills.Alerts.Faults;
using Meshara.Lab.Drills.Faults;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>Drills of scarce resources: memory and disk.</summary>
internal static class ResourceDrills
{
    private const long MemoryLimit = 400_000_000;
    private const long SmallDisk = 64 * 1024 * 1024;

    public static AlertDrill MemoryNearLimit(int victim) => new()
    {
        Alert = "MemoryNearLimit",
        Fault = $"has the process of node-{victim}, limited to 400 MB, take ballast up to 95 % of that",
        Needs = DrillNeeds.ControlGroup,
        PrepareAsync = (bench, _) =>
        {
            var group = bench.Own(ControlGroup.Create($"node-{victim}", MemoryLimit));
            bench.Node(victim).Launch = bench.Node(victim).Launch with { Within = [.. group.Within, .. Ballast.Within(BallastFile(bench, victim))] };
            return Task.CompletedTask;
        },
        // Allocating takes a while, so most of it happens before the fault; the fault is the rest.
        BeforeAsync = async (bench, stop) =>
        {
            var usage = $"meshara_memory_usage_bytes{{node=\"node-{victim}\"}}";
            Ballast.Set(BallastFile(bench, victim), (long)((0.8 * MemoryLimit) - await bench.CountAsync(usage, stop)));
            await bench.UntilAsync(async () => await bench.CountAsync(usage, stop) > 0.75 * MemoryLimit, "the ballast is there", stop);
        },
        BreakAsync = (bench, _) =>
        {
            Ballast.Add(BallastFile(bench, victim), (long)(0.15 * MemoryLimit));
            return Task.FromResult<IAsyncDisposable>(new Undo(() => Ballast.Set(BallastFile(bench, victim), 0)));
        },
        Expected = _ => [AlertBench.Of(victim)],
    };

    public static AlertDrill DiskNearlyFull(int victim)
    {
        SmallVolume? volume = null;
        return new()
        {
            Alert = "DiskNearlyFull",
            Fault = $"takes so much of a volume of 64 MiB with the data of node-{victim} that 4 MiB are left",
            Needs = DrillNeeds.Root,
            PrepareAsync = async (bench, stop) =>
            {
                if (!OperatingSystem.IsLinux())
                    return;
                volume = bench.Own(await SmallVolume.MountAsync(bench.Node(victim).Folder, SmallDisk, stop));
                bench.Node(victim).Launch = bench.Node(victim).Launch with { Within = volume.Within };
            },
            BreakAsync = async (bench, stop) =>
            {
                var free = await bench.CountAsync(string.Create(CultureInfo.InvariantCulture, $"meshara_storage_free_bytes{{node=\"node-{victim}\"}}"), stop);
                volume!.Take((int)free - (4 * 1024 * 1024));
                return new Undo(volume.Free);
            },
            Expected = _ => [AlertBench.Of(victim)],
        };
    }

    public static AlertDrill StorageSlow(int victim) => new()
    {
        Alert = "StorageSlow",
        Fault = $"has another program hold the lock of node-{victim}'s database for 2 s, again and again",
        // Messages to the victim would be slow as well.
        BeforeAsync = (bench, _) =>
        {
            bench.Node(victim).GetsMessages = bench.Node(victim).TakesMessages = false;
            return Task.CompletedTask;
        },
        BreakAsync = (bench, _) =>
        {
            var held = new DatabaseLock(bench.Node(victim).Folder, bench.Time);
            // The node measures its disk only when it writes.
            var messages = bench.Send(1, 2, () => bench.Node(victim).Address);
            return Task.FromResult<IAsyncDisposable>(new Undo(async () =>
            {
                await messages.DisposeAsync();
                await held.DisposeAsync();
            }));
        },
        Expected = _ => [AlertBench.Of(victim)],
    };

    private static string BallastFile(AlertBench bench, int node) => Path.Combine(bench.Files.Data, $"node-{node}.limited");
}
