using System.Diagnostics;
using Meshara.Lab.Drills;
using Meshara.Node.Storage.Sqlite;

namespace Meshara.Lab.Soak;

/// <summary>Samples what nodes hold, from outside: from their processes, their folders and their metrics.</summary>
internal sealed class SoakWatch(IReadOnlyList<DrillNode> nodes, string logs, TimeProvider time)
{
    /// <summary>The quantities, and what each may grow by without being a leak, as a share of its mean and at least.</summary>
    public static readonly IReadOnlyDictionary<string, (double Share, double Least)> Quantities = new Dictionary<string, (double, double)>
    {
        ["memory_bytes"] = (0.05, 8 * 1024 * 1024),
        ["handles"] = (0.05, 4),
        ["threads"] = (0.05, 4),
        ["connections"] = (0.05, 2),
        ["database_bytes"] = (0.05, 1024 * 1024),
        ["log_bytes"] = (0.05, 256 * 1024),
    };

    private readonly List<(string Node, string What, TimeSpan At, double Value)> _samples = [];
    private readonly long _started = time.GetTimestamp();

    /// <summary>Samples until <paramref name="over"/> is cancelled.</summary>
    public async Task RunAsync(TimeSpan interval, CancellationToken over)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(over))
            {
                foreach (var node in nodes)
                    await SampleAsync(node, over);
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
    }

    /// <summary>The trend of every quantity of every node since the warm-up.</summary>
    /// <param name="warmUp">The time at the beginning that does not count.</param>
    /// <param name="databaseGrowth">Bytes that the ids of the messages of this time take: they are remembered for a day.</param>
    public IReadOnlyList<SoakSeries> Series(TimeSpan warmUp, double databaseGrowth) =>
    [
        .. from node in nodes
           from quantity in Quantities
           let trend = Trend.Of([.. _samples.Where(sample => sample.Node == node.Name && sample.What == quantity.Key && sample.At >= warmUp)
               .Select(sample => (sample.At.TotalHours, sample.Value))])
           let allowed = Math.Max(quantity.Value.Share * trend.Mean, quantity.Value.Least)
           select new SoakSeries(node.Name, quantity.Key, trend, allowed + (quantity.Key == "database_bytes" ? databaseGrowth : 0)),
    ];

    private async Task SampleAsync(DrillNode node, CancellationToken over)
    {
        if (node.ProcessId is not { } id || await node.TryGetMetricsAsync(over) is not { } metrics)
            return;
        using var process = Process.GetProcessById(id);
        var at = time.GetElapsedTime(_started);
        Add("memory_bytes", metrics.Sum("meshara_memory_usage_bytes"));
        Add("connections", metrics.Sum("meshara_connected_peers"));
        Add("threads", process.Threads.Count);
        Add("handles", OperatingSystem.IsLinux() ? Directory.EnumerateFileSystemEntries($"/proc/{id}/fd").Count() : process.HandleCount);
        Add("database_bytes", Length(node.Folder, Database.FileName + "*"));
        Add("log_bytes", Length(logs, node.Name + "*"));

        void Add(string what, double value) => _samples.Add((node.Name, what, at, value));
    }

    private static double Length(string folder, string pattern) => Directory.Exists(folder)
        ? new DirectoryInfo(folder).EnumerateFiles(pattern, SearchOption.AllDirectories).Sum(file => file.Exists ? file.Length : 0)
        : 0;
}
