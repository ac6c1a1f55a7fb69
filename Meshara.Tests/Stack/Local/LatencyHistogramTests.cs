using CsCheck;
using Meshara.Harness.Traffic;

namespace Meshara.Tests.Stack.Local;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Quantiles_are_those_of_the_sorted_latencies_to_one_percent() =>
        Gen.Select(Gen.Double[0.01, 100_000].Array[1, 500], Gen.Double[0.001, 1]).Sample((latencies, quantile) =>
        {
            var histogram = new LatencyHistogram();
            foreach (var latency in latencies)
                histogram.Record(TimeSpan.FromMilliseconds(latency));
            var exact = latencies.Order().ElementAt(Math.Max(1, (int)Math.Ceiling(quantile * latencies.Length)) - 1);
            return Math.Abs((histogram.QuantileMs(quantile)!.Value / exact) - 1) < 0.01;
        });

    [Fact]
    public void Without_latencies_there_is_no_quantile() => Assert.Null(new LatencyHistogram().QuantileMs(0.5));

    [Fact]
    public void What_is_out_of_range_counts_at_its_end()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(TimeSpan.Zero);
        histogram.Record(TimeSpan.FromDays(1));

        Assert.InRange(histogram.QuantileMs(0.5)!.Value, 0.001, 0.00101);
        Assert.InRange(histogram.QuantileMs(1)!.Value, 3_500_000, 3_650_000);
    }
}
