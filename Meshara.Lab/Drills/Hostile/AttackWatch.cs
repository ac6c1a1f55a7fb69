namespace Meshara.Lab.Drills.Hostile;

/// <summary>Reads the metrics of all nodes: at moments, and on and on for the largest memory that each held.</summary>
internal sealed class AttackWatch(DrillMesh mesh, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>What each node shows now; a node that is down, or does not answer, is left out.</summary>
    public async Task<IReadOnlyDictionary<string, NodeFigures>> LookAsync(CancellationToken stop)
    {
        var metrics = await Task.WhenAll(mesh.Nodes.Where(node => node.IsUp).Select(async node => (node.Name, Metrics: await node.TryGetMetricsAsync(stop))));
        return metrics.Where(node => node.Metrics is not null).ToDictionary(node => node.Name, node => NodeFigures.Of(node.Metrics!), StringComparer.Ordinal);
    }

    /// <summary>The most memory that each node held until it is <paramref name="over"/>.</summary>
    public async Task<IReadOnlyDictionary<string, long>> PeaksAsync(CancellationToken over, CancellationToken stop)
    {
        var peaks = new SortedDictionary<string, long>(StringComparer.Ordinal);
        do
        {
            foreach (var (name, figures) in await LookAsync(stop))
                peaks[name] = Math.Max(peaks.GetValueOrDefault(name), figures.MemoryBytes);
            await Task.Delay(Interval, time, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        while (!over.IsCancellationRequested);
        return peaks;
    }
}
