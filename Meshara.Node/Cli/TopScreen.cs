using System.Globalization;
using System.Text.RegularExpressions;
using Meshara.Watch.Alerts;
using Meshara.Watch.Mesh;
using Spectre.Console;

namespace Meshara.Node.Cli;

/// <summary>Lays a view out as lines of text, and keeps what the keys have chosen: order, filter, first row.</summary>
internal sealed partial class TopScreen
{
    /// <summary>Columns of a terminal that every line fits.</summary>
    public const int Narrow = 80;

    /// <summary>Switches to a screen of its own, which leaves the lines before it alone, and hides the cursor.</summary>
    public const string Begin = "\e[?1049h\e[?25l";

    /// <summary>Undoes <see cref="Begin"/>.</summary>
    public const string End = "\e[?25h\e[?1049l";

    /// <summary>Moves to the first line.</summary>
    public const string Home = "\e[H";

    /// <summary>Deletes what is left of an earlier line.</summary>
    public const string ToEndOfLine = "\e[K";

    /// <summary>Deletes what is left of an earlier screen.</summary>
    public const string ToEndOfScreen = "\e[J";

    private const string Bold = "\e[1m", Inverse = "\e[7m", Red = "\e[31m", Yellow = "\e[33m", Magenta = "\e[35m", Plain = "\e[0m";

    private static readonly Column[] All =
    [
        new("node", 18, node => node.Name, node => node.Name) { IsText = true },
        new("health", 10, node => Health(node), node => Array.IndexOf(Conditions.All, node.Condition)) { IsText = true },
        new("peers", 5, node => Number(node.Peers), node => node.Peers),
        new("waiting", 7, node => Number(node.Traffic?.Queue), node => node.Traffic?.Queue),
        new("oldest", 7, node => Age(node.Traffic?.OldestSeconds), node => node.Traffic?.OldestSeconds),
        new("sent/s", 7, node => Rate(node.Traffic?.Accepted), node => node.Traffic?.Accepted),
        new("recv/s", 7, node => Rate(node.Traffic?.Received), node => node.Traffic?.Received),
        new("p99", 8, node => Milliseconds(node.Traffic?.P99Ms), node => node.Traffic?.P99Ms),
    ];

    private int _sort, _first;
    private bool _isReversed, _isFiltering;
    private string _filter;

    /// <param name="sort">A column, perhaps with a minus before it; null for the first.</param>
    /// <param name="filter">What a node's name or health has to contain; null for anything.</param>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.InvalidArgument"/>: there is no such column.</exception>
    public TopScreen(string? sort, string? filter)
    {
        _filter = filter ?? "";
        if (sort is null)
            return;
        _isReversed = sort.StartsWith('-');
        _sort = Array.FindIndex(All, column => column.Name == sort.TrimStart('-'));
        if (_sort < 0)
            throw new MesharaException(ErrorCodes.InvalidArgument,
                $"--sort '{Printable.Bounded(sort, 32)}' must be one of {string.Join(", ", Columns)}.");
    }

    /// <summary>The names of the columns.</summary>
    public static IEnumerable<string> Columns => All.Select(column => column.Name);

    /// <summary>Takes a key.</summary>
    /// <returns>False if it ends the command.</returns>
    public bool Press(ConsoleKeyInfo key)
    {
        if (_isFiltering)
        {
            Type(key);
            return true;
        }
        switch (key)
        {
            case { KeyChar: 'q' or 'Q' }: return false;
            case { KeyChar: 's' }: _sort = (_sort + 1) % All.Length; break;
            case { KeyChar: 'S' }: _sort = (_sort + All.Length - 1) % All.Length; break;
            case { KeyChar: 'r' }: _isReversed = !_isReversed; break;
            case { KeyChar: '/' }: (_isFiltering, _filter) = (true, ""); break;
            case { Key: ConsoleKey.DownArrow }: _first++; break;
            case { Key: ConsoleKey.UpArrow }: _first = Math.Max(0, _first - 1); break;
            case { Key: ConsoleKey.PageDown }: _first += 10; break;
            case { Key: ConsoleKey.PageUp }: _first = Math.Max(0, _first - 10); break;
        }
        return true;
    }

    /// <summary>The lines of a view; no line is wider than the terminal, and there are no more than fit.</summary>
    public IReadOnlyList<string> Lines(MeshView view, int width, int height, bool isColoured)
    {
        string Style(string text, string style) => isColoured && style.Length > 0 ? style + text + Plain : text;
        List<string> lines = [Style(Fit(Summary(view), width), Bold)];
        lines.AddRange(Warnings(view).Take(5).Select(warning => Style(Fit(warning.Text, width), warning.Style)));
        lines.Add(Style(Fit(Heading(), width), Inverse));

        var nodes = Chosen(view);
        var shown = _filter.Length > 0 ? $" [{Printable.Bounded(_filter, 20)}]" : "";
        var keys = _isFiltering
            ? $"filter: {_filter}_  (Enter ends, Esc clears)"
            : $"s sort  r reverse  / filter{shown}  arrows scroll  q end";
        var room = height == int.MaxValue ? nodes.Count : Math.Max(0, height - lines.Count - 1);
        _first = Math.Clamp(_first, 0, Math.Max(0, nodes.Count - room));
        lines.AddRange(nodes.Skip(_first).Take(room).Select(node => Style(Fit(Row(node), width), StyleOf(node))));
        if (height != int.MaxValue)
            lines.Add(Fit(keys, width));
        return [.. lines.Take(height)];
    }

    private void Type(ConsoleKeyInfo key)
    {
        switch (key.Key)
        {
            case ConsoleKey.Enter: _isFiltering = false; break;
            case ConsoleKey.Escape: (_isFiltering, _filter) = (false, ""); break;
            case ConsoleKey.Backspace: _filter = _filter.Length > 0 ? _filter[..^1] : ""; break;
            default: _filter += char.IsControl(key.KeyChar) ? "" : key.KeyChar; break;
        }
    }

    private List<NodeView> Chosen(MeshView view)
    {
        var chosen = view.Nodes
            .Where(node => $"{node.Name} {Health(node)}".Contains(_filter, StringComparison.OrdinalIgnoreCase))
            .OrderBy(node => All[_sort].Key(node), Comparer<object?>.Create(Compare))
            .ThenBy(node => Natural(node.Name), StringComparer.Ordinal).ToList();
        if (_isReversed)
            chosen.Reverse();
        return chosen;
    }

    /// <summary>A form of a name that sorts node-10 after node-9.</summary>
    private static string Natural(string name) => Digits().Replace(name, digits => digits.Value.PadLeft(10, '0'));

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();

    private static int Compare(object? one, object? other) => (one, other) switch
    {
        (string a, string b) => string.CompareOrdinal(Natural(a), Natural(b)),
        _ => Rank(one).CompareTo(Rank(other)),
    };

    private static double Rank(object? value) => Convert.ToDouble(value ?? -1, CultureInfo.InvariantCulture);

    private static string Summary(MeshView view) => string.Create(CultureInfo.InvariantCulture,
        $"{view.At:HH:mm:ss}  {view.Totals.Healthy} of {view.Totals.Nodes} healthy  {Rate(view.Totals.Traffic?.Acknowledged)} msg/s  "
        + $"p99 {Milliseconds(view.Totals.Traffic?.P99Ms)}  waiting {Number(view.Totals.Traffic?.Queue)}");

    private static IEnumerable<(string Text, string Style)> Warnings(MeshView view)
    {
        if (view.Parts.Count > 1)
        {
            var parts = string.Join(" | ", view.Parts.Select(part => Parts(view, part)));
            yield return ($"{view.Parts.Count} parts do not reach each other: {parts}", Red);
        }
        foreach (var alert in view.Alerts.Active.Where(alert => alert.State == "firing" && alert.Severity != "none"))
            yield return ($"{alert.Name}{Of(alert)}: {alert.Summary}", Red);
        if (view.Alerts is { Problem: { } problem, Active.Count: 0 } && problem != AlertsReader.NoPrometheus)
            yield return (problem, Yellow);
        foreach (var node in view.Nodes.Where(node => node.Condition == Conditions.Suspect))
            yield return ($"{node.Name}: {string.Join("; ", node.Problems)}", Magenta);
    }

    private static string Of(AlertView alert) => alert.Node is null ? "" : $" ({alert.Node})";

    private static string Parts(MeshView view, IReadOnlyList<string> ids)
    {
        var names = view.Nodes.Where(node => ids.Contains(node.Id)).Select(node => Printable.Bounded(node.Name, 18)).ToList();
        return names.Count <= 3 ? string.Join(", ", names) : $"{names[0]} and {names.Count - 1} more";
    }

    private string Heading() => string.Join(' ', All.Select((column, i) =>
        Aligned((i == _sort ? _isReversed ? "-" : "+" : "") + column.Name.ToUpperInvariant(), column)));

    private static string Row(NodeView node) => string.Join(' ', All.Select(column => Aligned(column.Text(node), column)));

    private static string Aligned(string text, Column column)
    {
        var fitting = Fit(text, column.Width);
        var padding = new string(' ', Math.Max(0, column.Width - fitting.GetCellWidth()));
        return column.IsText ? fitting + padding : padding + fitting;
    }

    /// <summary>Cuts text to a number of cells; it may be chosen by a node, and some characters take two.</summary>
    private static string Fit(string text, int width)
    {
        var printable = Printable.Bounded(text, 400);
        while (printable.GetCellWidth() > width)
            printable = printable[..^1];
        return printable;
    }

    private static string StyleOf(NodeView node) => node.Condition switch
    {
        Conditions.Silent or Conditions.Unhealthy => Red,
        Conditions.Degraded or Conditions.Changing => Yellow,
        Conditions.Suspect => Magenta,
        _ => "",
    };

    private static string Health(NodeView node) => node.Condition == Conditions.Silent ? "no answer" : node.Condition;

    private static string Number(double? value) => value is { } known ? known.ToString("F0", CultureInfo.InvariantCulture) : "-";

    private static string Age(double? seconds) =>
        seconds is { } known ? StatusCommand.Duration(TimeSpan.FromSeconds(Math.Min(known, 1e9))) : "-";

    private static string Rate(double? value) =>
        value is { } known ? known.ToString(known is > 0 and < 100 ? "F1" : "F0", CultureInfo.InvariantCulture) : "-";

    private static string Milliseconds(double? value) => value switch
    {
        null => "-",
        >= 1000 => string.Create(CultureInfo.InvariantCulture, $"{value / 1000:F1} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value:F0} ms"),
    };

    /// <param name="Name">As the keys and <c>--sort</c> name it.</param>
    /// <param name="Width">In cells.</param>
    /// <param name="Text">What it shows.</param>
    /// <param name="Key">What it is sorted by: text or a number.</param>
    private sealed record Column(string Name, int Width, Func<NodeView, string> Text, Func<NodeView, object?> Key)
    {
        public bool IsText { get; init; }
    }
}
