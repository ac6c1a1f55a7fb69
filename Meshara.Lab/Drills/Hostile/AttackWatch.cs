namespace Meshara.Lab.Drills.Hostile;

/// <summary>Reads the metrics of all nodes: once, or continuously to find the peak memory of each.</summary>
internal sealed class AttackWatch(DrillMesh mesh, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>The current figures of each node; nodes that are down or do not answer are omitted.</summary>
    public async Task<IReadOnlyDictionary<string, NodeFigures>> LookAsync(CancellationToken stop)
    {
        var metrics = await Task.WhenAll(mesh.Nodes.Where(node => node.IsUp).Select(async node => (node.Name, Metrics: await node.TryGetMetricsAsync(stop))));
        return metrics.Where(node => node.Metrics is not null).ToDictionary(node => node.Name, node => NodeFigures.Of(node.Metrics!), StringComparer.Ordinal);
    }

    /// <summary>The peak memory of each node until <paramref name="over"/> is cancelled.</summary>
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
