using Meshara.Watch.Nodes;

namespace Meshara.Watch.Mesh;

/// <summary>What a node did between its oldest and its latest kept reading.</summary>
internal sealed class Rates
{
    private readonly NodeFigures _now, _before;

    private Rates(NodeFigures now, NodeFigures before, double seconds) => (_now, _before, Seconds) = (now, before, seconds);

    /// <summary>The time between the two readings.</summary>
    public double Seconds { get; }

    /// <summary>Compares a node's readings; null while it has no figures. Readings of before a restart are left out.</summary>
    public static Rates? Of(IReadOnlyList<NodeReading> readings, TimeProvider time)
    {
        var withFigures = readings.Where(reading => reading.Figures is not null).ToList();
        if (withFigures.Count == 0 || readings[^1].Figures is null)
            return null;
        var now = withFigures[^1];
        var before = withFigures.FirstOrDefault(earlier => now.Figures!.Follows(earlier.Figures!)) ?? now;
        return new Rates(now.Figures!, before.Figures!, time.GetElapsedTime(before.Timestamp, now.Timestamp).TotalSeconds);
    }

    /// <summary>The traffic of one node.</summary>
    public Traffic Traffic => Sum([this]);

    /// <summary>The traffic of several nodes together.</summary>
    public static Traffic Sum(IReadOnlyList<Rates> all)
    {
        double Per(Func<NodeFigures, double> counter) =>
            all.Sum(one => one.Seconds > 0 ? (counter(one._now) - counter(one._before)) / one.Seconds : 0);
        var latency = new double[NodeFigures.LatencyBounds.Length + 1];
        for (var i = 0; i < latency.Length; i++)
            latency[i] = all.Sum(one => one._now.Latency[i] - one._before.Latency[i]);
        return new Traffic(
            Per(one => one.Sent), Per(one => one.Acknowledged), Per(one => one.Failed), Per(one => one.Received),
            Per(one => one.Broadcasts), Per(one => one.Forwarded), Per(one => one.Errors), Per(one => one.BytesOut), Per(one => one.BytesIn),
            Quantile(latency, 0.5) * 1000, Quantile(latency, 0.99) * 1000, all.Sum(one => one._now.Queue), all.Max(one => one._now.Oldest));
    }

    /// <summary>As Prometheus' <c>histogram_quantile</c>: linear within a bucket, the last bound beyond it.</summary>
    private static double? Quantile(double[] cumulative, double quantile)
    {
        var rank = cumulative[^1] * quantile;
        if (cumulative[^1] <= 0)
            return null;
        for (var i = 0; i < NodeFigures.LatencyBounds.Length; i++)
        {
            if (cumulative[i] < rank)
                continue;
            var (lower, below) = i == 0 ? (0, 0) : (NodeFigures.LatencyBounds[i - 1], cumulative[i - 1]);
            var inBucket = cumulative[i] - below;
            return lower + (NodeFigures.LatencyBounds[i] - lower) * (inBucket > 0 ? (rank - below) / inBucket : 1);
        }
        return NodeFigures.LatencyBounds[^1];
    }
}
