
using Meshara.Harness.Traffic;

namespace Meshara.Lab.Load;

/// <summary>Quantiles of latencies, in microseconds.</summary>
internal sealed record LatencySummary(double P50Us, double P99Us, double P999Us)
{
    /// <summary>Summarizes a histogram; null if nothing was recorded.</summary>
    public static LatencySummary? Of(LatencyHistogram histogram)
    {
        return histogram.QuantileMs(0.5) is null ? null : new LatencySummary(Us(0.5), Us(0.99), Us(0.999));

        double Us(double quantile) => Math.Round(histogram.QuantileMs(quantile)!.Value * 1000, 1);
    }
}
