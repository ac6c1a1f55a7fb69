namespace Meshara.Lab.Load;

/// <summary>The median and quartiles of several rounds.</summary>
internal sealed record Spread(double Median, double LowerQuartile, double UpperQuartile)
{
    /// <param name="values">At least one.</param>
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return new Spread(Quantile(sorted, 0.5), Quantile(sorted, 0.25), Quantile(sorted, 0.75));
    }

    public override string ToString() => FormattableString.Invariant($"{Median:0.00} (quartiles {LowerQuartile:0.00} to {UpperQuartile:0.00})");

    /// <summary>Interpolates linearly between neighbouring values.</summary>
    private static double Quantile(double[] sorted, double quantile)
    {
        var position = quantile * (sorted.Length - 1);
        var below = (int)position;
        return below + 1 == sorted.Length ? sorted[below] : sorted[below] + (position - below) * (sorted[below + 1] - sorted[below]);
    }
}
