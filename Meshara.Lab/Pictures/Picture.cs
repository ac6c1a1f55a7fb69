using System.Globalization;
using System.Security;
using System.Text;
using Meshara.Harness;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Pictures;

/// <summary>
/// Draws panels of a dashboard with data from a running Prometheus: for machines without Grafana, and for the documentation. Looks
/// similar to Grafana, but not identical.
/// </summary>
internal sealed class Picture(PictureOptions options, StatusConsole console, TimeProvider time)
{
    private const int Column = 42;
    private const int Row = 34;
    private const int Gap = 8;
    private const int Head = 26;
    private const int LegendRow = 15;

    private readonly StringBuilder _svg = new();
    private readonly DateTimeOffset _to = options.Until ?? time.GetUtcNow();

    // About 200 points per line, in multiples of the scrape interval.
    private TimeSpan Step => TimeSpan.FromSeconds(Math.Max(5, 5 * Math.Ceiling(options.Last.TotalSeconds / 1000)));

    private DateTimeOffset From => _to - options.Last;

    /// <summary>Draws the picture and writes the file.</summary>
    /// <exception cref="StackException">There is no such panel, or Prometheus does not answer.</exception>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        var panels = PanelModel.Read(options.Dashboard);
        using var reader = new SeriesReader(options.Prometheus);
        var (x, y, height) = (0, 0, 0);
        foreach (var title in options.Panels)
        {
            var panel = panels.GetValueOrDefault(title)
                ?? throw new StackException($"{options.Dashboard} has no panel '{title}' that asks Prometheus. It has: {string.Join(", ", panels.Keys)}.", ExitCodes.Usage);
            if (x + panel.Width > 24)
                (x, y, height) = (0, y + height, 0);
            await DrawAsync(panel, x * Column, y, reader, stop);
            (x, height) = (x + panel.Width, Math.Max(height, (panel.Height * Row) + Gap));
        }

        var size = string.Create(CultureInfo.InvariantCulture, $"{24 * Column} {y + height}");
        await File.WriteAllTextAsync(options.Out,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size}\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#f4f5f5\"/>\n{_svg}</svg>\n", stop);
        console.WriteLine($"{options.Out}: {options.Panels.Count} panels of {options.Dashboard}, {From:HH:mm:ss} to {_to:HH:mm:ss}");
        return ExitCodes.Success;
    }

    private async Task DrawAsync(PanelModel panel, int x, int y, SeriesReader reader, CancellationToken stop)
    {
        var (width, height) = ((panel.Width * Column) - Gap, panel.Height * Row);
        _svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate({x + (Gap / 2)} {y + (Gap / 2)})\"><rect width=\"{width}\" height=\"{height}\" fill=\"#fff\" stroke=\"#ddd\"/>");
        Text(8, 17, panel.Title, panel.Title.Length * 8 > width ? "font-weight=\"bold\" font-size=\"10\" fill=\"#333\"" : "font-weight=\"bold\" fill=\"#333\"");
        var series = new List<(PanelQuery Query, Series Series)>();
        foreach (var query in panel.Queries)
        {
            var asked = query.For(options.Node, Step, options.Last);
            var answer = panel.Type is "timeseries" or "heatmap" ? await reader.ReadAsync(asked, From, _to, Step, stop) : await reader.ReadAsync(asked, _to, stop);
            series.AddRange(answer.Select(one => (query, one)));
        }

        if (series.Count == 0)
            Text(width / 2, height / 2, panel.NoValue, "text-anchor=\"middle\" fill=\"#888\"");
        else if (panel.Type == "table")
            Table(panel, series, width);
        else if (panel.Type is "timeseries" or "heatmap")
            Graph(panel, series, width, height);
        else
            Figures(panel, series, width, height);
        _svg.Append("</g>\n");
    }

    private void Graph(PanelModel panel, List<(PanelQuery Query, Series Series)> series, int width, int height)
    {
        var lines = series.ConvertAll(one => one.Series);
        var legend = panel.Type == "heatmap" ? [] : series.ConvertAll(one => one.Query.Name(one.Series));
        var rows = Legend(legend, width, height);
        var bottom = height - Head - (rows * LegendRow);
        var chart = panel.Type == "heatmap" ? Chart.Heatmap(panel, lines, From, _to, Step, width - 4, bottom) : Chart.Lines(panel, lines, From, _to, Step, width - 4, bottom);
        _svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate(2 {Head - 2})\">").Append(chart).Append("</g>");
    }

    /// <returns>The number of rows it takes at the bottom of the panel.</returns>
    private int Legend(List<string> names, int width, int height)
    {
        var places = new List<(int X, int Row)>();
        var (x, row) = (12, 0);
        foreach (var name in names)
        {
            var needed = 30 + (int)(name.Length * 6.6);
            if (x > 12 && x + needed > width)
                (x, row) = (12, row + 1);
            places.Add((x, row));
            x += needed;
        }

        for (var i = 0; i < names.Count; i++)
        {
            var y = height - 8 - ((row - places[i].Row) * LegendRow);
            _svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{places[i].X}\" y=\"{y - 6}\" width=\"12\" height=\"3\" fill=\"{Chart.Color(i)}\"/>");
            Text(places[i].X + 16, y, names[i], "font-size=\"11\" fill=\"#444\"");
        }

        return names.Count == 0 ? 0 : row + 1;
    }

    // One large number per series, in the colour of its threshold.
    private void Figures(PanelModel panel, List<(PanelQuery Query, Series Series)> series, int width, int height)
    {
        var each = width / series.Count;
        for (var i = 0; i < series.Count; i++)
        {
            var (query, one) = series[i];
            var color = panel.Thresholds.LastOrDefault(step => one.Last >= step.Value).Color switch { "red" => "#c4162a", "orange" => "#e0752d", "yellow" => "#b58900", _ => "#37872d" };
            var middle = (i * each) + (each / 2);
            Text(middle, (height / 2) + 14, Quantity.Format(one.Last, panel.Unit, panel.Decimals), string.Create(CultureInfo.InvariantCulture, $"text-anchor=\"middle\" font-size=\"{Math.Min(26, each / 5)}\" fill=\"{color}\""));
            if (series.Count > 1)
                Text(middle, height - 12, query.Name(one), "text-anchor=\"middle\" fill=\"#666\"");
        }
    }

    // Like Grafana's transformation "merge": series whose common labels agree share a row.
    private void Table(PanelModel panel, List<(PanelQuery Query, Series Series)> series, int width)
    {
        var rows = new List<Dictionary<string, string>>();
        foreach (var (query, one) in series)
        {
            var row = rows.Find(row => panel.Queries.Count > 1 && row["node"] == one.Labels["node"] && row["cluster"] == one.Labels["cluster"]);
            if (row is null)
                rows.Add(row = []);
            foreach (var (label, value) in one.Labels)
                row[label] = value;
            var field = $"Value #{query.RefId}";
            row[field] = Quantity.Format(one.Last, panel.Units.GetValueOrDefault(panel.Columns.FirstOrDefault(column => column.Field == field).Title ?? "", "none"));
        }

        Cells(panel, [.. rows.OrderBy(row => row.GetValueOrDefault("alertstate", ""), StringComparer.Ordinal).ThenBy(row => row.GetValueOrDefault("node", ""), StringComparer.Ordinal)], width);
    }

    // As many rows as fit; columns are as wide as their content.
    private void Cells(PanelModel panel, IReadOnlyList<Dictionary<string, string>> rows, int width)
    {
        var room = ((panel.Height * Row) - 60) / 20;
        string Cell(int row, string field) => rows[row].GetValueOrDefault(field, "–");
        int[] needed = [.. panel.Columns.Select(column => 2 + Enumerable.Range(0, rows.Count).Select(row => Cell(row, column.Field).Length).Append(column.Title.Length).Max())];
        var x = 8.0;
        for (var i = 0; i < panel.Columns.Count; i++)
        {
            Text((int)x, 42, panel.Columns[i].Title, "fill=\"#3274d9\"");
            for (var j = 0; j < Math.Min(rows.Count, room); j++)
                Text((int)x, 64 + (j * 20), Cell(j, panel.Columns[i].Field), "fill=\"#333\"");
            x += (double)(width - 8) * needed[i] / needed.Sum();
        }
    }

    private void Text(int x, int y, string text, string attributes) =>
        _svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{x}\" y=\"{y}\" {attributes}>{SecurityElement.Escape(text)}</text>");
}
