namespace Meshara.Lab.Soak;

/// <summary>A straight line through samples, by least squares.</summary>
/// <param name="Samples">How many.</param>
/// <param name="Mean">Their mean.</param>
/// <param name="PerHour">The slope.</param>
/// <param name="Error">Half of the slope's 95 % confidence interval.</param>
/// <param name="Growth">The slope's lower bound over the time of the samples: what has been added at least.</param>
internal sealed record Trend(int Samples, double Mean, double PerHour, double Error, double Growth)
{
    // Of the normal distribution; there are dozens of samples.
    private const double Quantile95 = 1.96;

    /// <summary>
    /// Fits a line. Successive samples are alike (a heap rises until it is collected), so fewer of them count: n (1 - r) / (1 + r), where r
    /// is the correlation of successive residuals.
    /// </summary>
    /// <param name="samples">Time in hours, and value.</param>
    public static Trend Of(IReadOnlyList<(double Hours, double Value)> samples)
    {
        if (samples.Count < 3)
            return new Trend(samples.Count, samples.Count == 0 ? 0 : samples.Average(sample => sample.Value), 0, double.MaxValue, 0);
        var (time, mean) = (samples.Average(sample => sample.Hours), samples.Average(sample => sample.Value));
        var spread = samples.Sum(sample => Math.Pow(sample.Hours - time, 2));
        var slope = samples.Sum(sample => (sample.Hours - time) * (sample.Value - mean)) / spread;
        var residuals = samples.Select(sample => sample.Value - mean - slope * (sample.Hours - time)).ToList();
        var squares = residuals.Sum(residual => residual * residual);
        var alike = squares == 0 ? 0 : Math.Clamp(residuals.Zip(residuals.Skip(1), (one, next) => one * next).Sum() / squares, 0, 0.99);
        var independent = Math.Max(3, samples.Count * (1 - alike) / (1 + alike));
        var error = Quantile95 * Math.Sqrt(squares / samples.Count * independent / (independent - 2) / (spread / samples.Count * independent));
        return new Trend(samples.Count, mean, slope, error, (slope - error) * (samples[^1].Hours - samples[0].Hours));
    }
}
