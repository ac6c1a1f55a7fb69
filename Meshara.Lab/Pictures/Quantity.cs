using System.Globalization;

namespace Meshara.Lab.Pictures;

/// <summary>Formats values for display, by Grafana's unit names.</summary>
internal static class Quantity
{
    /// <param name="value">The value.</param>
    /// <param name="unit">Grafana's name of the unit.</param>
    /// <param name="decimals">Number of decimals of a percentage.</param>
    public static string Format(double value, string unit, int? decimals = null)
    {
        if (double.IsNaN(value))
            return "–";
        return unit switch
        {
            "s" => Time(value),
            "ms" => Time(value / 1000),
            "percentunit" => (decimals is { } digits ? (value * 100).ToString($"F{digits}", CultureInfo.InvariantCulture) : Number(value * 100)) + " %",
            "percent" => Number(value) + " %",
            "decbytes" => Scaled(value, "B"),
            "Bps" => Scaled(value, "B/s"),
            "mps" or "eps" or "ops" or "cps" or "reqps" or "wps" => Number(value) + " /s",
            _ => Number(value),
        };
    }

    private static string Time(double seconds) => Math.Abs(seconds) switch
    {
        0 => "0 s",
        < 0.001 => Number(seconds * 1_000_000) + " µs",
        < 1 => Number(seconds * 1000) + " ms",
        _ => Number(seconds) + " s",
    };

    private static string Scaled(double value, string unit) => Math.Abs(value) switch
    {
        >= 1e9 => $"{Number(value / 1e9)} G{unit}",
        >= 1e6 => $"{Number(value / 1e6)} M{unit}",
        >= 1e3 => $"{Number(value / 1e3)} k{unit}",
        _ => $"{Number(value)} {unit}",
    };

    private static string Number(double value) => value.ToString(Math.Abs(value) switch { >= 100 => "0", >= 10 => "0.#", _ => "0.##" }, CultureInfo.InvariantCulture);
}
