using System.Globalization;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace Meshara.Lab.Pictures;

/// <summary>A graph or a heatmap as SVG.</summary>
internal static class Chart
{
    private static int _graphs;

    private static readonly OxyColor[] Palette =
        [.. new uint[] { 0x3274D9, 0xE0752D, 0x56A64B, 0xC4162A, 0x8F3BB8, 0x1F9E9E, 0xB58900, 0xD94F8C, 0x5A6B7B, 0x7A4E1D }.Select(rgb => OxyColor.FromUInt32(0xFF000000 | rgb))];

    /// <summary>The colour of a line, for the legend.</summary>
    public static string Color(int line) => "#" + Palette[line % Palette.Length].ToString()[3..];

    /// <summary>Draws lines, or stacked bars.</summary>
    public static string Lines(PanelModel panel, IReadOnlyList<Series> lines, DateTimeOffset from, DateTimeOffset to, TimeSpan step, double width, double height)
    {
        var model = Model(from, to);
        model.Axes.Add(new LinearAxis
        {
            Position = AxisPosition.Left,
            Minimum = lines.Any(line => line.Points.Any(point => point.Value < 0)) ? double.NaN : 0,
            MinimumRange = 1e-3,
            MajorGridlineStyle = LineStyle.Solid,
            MajorGridlineColor = OxyColors.Gainsboro,
            TicklineColor = OxyColors.Transparent,
            LabelFormatter = value => Quantity.Format(value, panel.Unit),
        });
        var below = new Dictionary<DateTimeOffset, double>();
        for (var i = 0; i < lines.Count; i++)
        {
            var color = Palette[i % Palette.Length];
            model.Series.Add(panel.IsStacked ? Stacked(lines[i], step, from, below, color) : Line(lines[i], color));
        }

        foreach (var (value, color) in panel.Thresholds.Where(step => !double.IsInfinity(step.Value) && panel.Type == "timeseries"))
            model.Annotations.Add(new LineAnnotation { Type = LineAnnotationType.Horizontal, Y = value, Color = OxyColor.Parse(color == "red" ? "#C4162A" : "#E0752D"), LineStyle = LineStyle.Dash });
        return Export(model, width, height);
    }

    /// <summary>Draws cells, darker for more observations in a bucket at a time. Prometheus's buckets are cumulative.</summary>
    public static string Heatmap(PanelModel panel, IReadOnlyList<Series> buckets, DateTimeOffset from, DateTimeOffset to, TimeSpan step, double width, double height)
    {
        var model = Model(from, to);
        var sorted = buckets.Select(series => (Bound: double.Parse(series.Labels["le"].Replace("+Inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture), series)).OrderBy(bucket => bucket.Bound).ToList();
        var axis = new CategoryAxis { Position = AxisPosition.Left, GapWidth = 0, TicklineColor = OxyColors.Transparent };
        axis.Labels.AddRange(sorted.Select(bucket => double.IsInfinity(bucket.Bound) ? "more" : "≤ " + Quantity.Format(bucket.Bound, panel.Unit)));
        model.Axes.Add(axis);
        var smaller = new Dictionary<DateTimeOffset, double>();
        var cells = new List<(int Bucket, DateTimeOffset Time, double Count)>();
        for (var i = 0; i < sorted.Count; i++)
        {
            foreach (var (time, value) in sorted[i].series.Points.Where(point => double.IsFinite(point.Value)))
            {
                cells.Add((i, time, value - smaller.GetValueOrDefault(time)));
                smaller[time] = value;
            }
        }
        var most = cells.Select(cell => cell.Count).DefaultIfEmpty(1).Max();
        var rectangles = new RectangleBarSeries { StrokeThickness = 0 };
        foreach (var (bucket, time, count) in cells.Where(cell => cell.Count > 1e-9))
        {
            var color = OxyColor.Interpolate(OxyColor.FromRgb(0xFD, 0xE4, 0xCC), OxyColor.FromRgb(0xA6, 0x36, 0x03), Math.Sqrt(count / most));
            rectangles.Items.Add(new RectangleBarItem(Began(time, step, from), bucket - 0.48, DateTimeAxis.ToDouble(time.UtcDateTime), bucket + 0.48) { Color = color });
        }
        model.Series.Add(rectangles);
        return Export(model, width, height);
    }

    private static PlotModel Model(DateTimeOffset from, DateTimeOffset to)
    {
        var model = new PlotModel { PlotAreaBorderThickness = new OxyThickness(0, 0, 0, 1), PlotAreaBorderColor = OxyColors.Silver, DefaultFont = "sans-serif", DefaultFontSize = 11, PlotMargins = new OxyThickness(64, 6, 12, double.NaN) };
        model.Axes.Add(new DateTimeAxis { Position = AxisPosition.Bottom, StringFormat = "HH:mm:ss", Minimum = DateTimeAxis.ToDouble(from.UtcDateTime), Maximum = DateTimeAxis.ToDouble(to.UtcDateTime), TicklineColor = OxyColors.Silver });
        return model;
    }

    // A value at a time describes the step before it; nothing is drawn before the axis begins.
    private static double Began(DateTimeOffset time, TimeSpan step, DateTimeOffset from) =>
        DateTimeAxis.ToDouble((time - step < from ? from : time - step).UtcDateTime);

    // NaN and missing points interrupt the line.
    private static LineSeries Line(Series series, OxyColor color)
    {
        var line = new LineSeries { Color = color, StrokeThickness = 1.5 };
        line.Points.AddRange(series.Points.Select(point => new DataPoint(DateTimeAxis.ToDouble(point.Time.UtcDateTime), double.IsFinite(point.Value) ? point.Value : double.NaN)));
        return line;
    }

    // Stacked on the values of earlier series at the same time.
    private static RectangleBarSeries Stacked(Series series, TimeSpan step, DateTimeOffset from, Dictionary<DateTimeOffset, double> below, OxyColor color)
    {
        var bars = new RectangleBarSeries { StrokeThickness = 0 };
        foreach (var (time, value) in series.Points)
        {
            var under = below.GetValueOrDefault(time);
            bars.Items.Add(new RectangleBarItem(Began(time, step, from), under, DateTimeAxis.ToDouble(time.UtcDateTime), below[time] = under + value) { Color = OxyColor.FromAColor(180, color) });
        }
        return bars;
    }

    // For embedding in another picture: without the XML declaration, and with ids unique among the graphs.
    private static string Export(PlotModel model, double width, double height)
    {
        var svg = new SvgExporter { Width = width, Height = height, IsDocument = false }.ExportToString(model);
        return svg[svg.IndexOf("<svg", StringComparison.Ordinal)..].Replace("clipPath", $"clip{Interlocked.Increment(ref _graphs)}-", StringComparison.Ordinal);
    }
}
