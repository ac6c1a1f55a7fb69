using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace Meshara.Node.Cli;

/// <summary>Writes a command's result: JSON for a program, a table or lines for a person.</summary>
internal sealed class CliOutput(CliHost host, bool json)
{
    /// <summary>
    /// Wide enough for any row: output that is not a terminal has no width, and a wrapped address cannot be grepped.
    /// </summary>
    private const int UnboundedWidth = 4096;

    private const int Padding = 2;

    private readonly Lazy<IAnsiConsole> _console = new(() => CreateConsole(host));

    /// <summary>The console for people; text from outside goes through <see cref="Safe"/> first.</summary>
    public IAnsiConsole Console => _console.Value;

    /// <summary>True if the output is for a program.</summary>
    public bool IsJson => json;

    /// <summary>Writes one result in the requested form.</summary>
    public void Write<T>(T value, JsonTypeInfo<T> type, Action<T> show)
    {
        if (json)
            host.Out.WriteLine(JsonSerializer.Serialize(value, type));
        else
            show(value);
        host.Out.Flush();
    }

    /// <summary>
    /// Writes rows under <paramref name="columns"/>, each on one line; if the window is too narrow, writes one value per line. An
    /// address that is cut or wrapped cannot be copied.
    /// </summary>
    /// <param name="columns">The names of the columns.</param>
    /// <param name="rows">Their values, printable and bounded.</param>
    public void WriteTable(IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var needed = columns.Select((column, i) => rows.Max(row => Math.Max(column.Length, row[i].GetCellWidth())) + Padding).Sum();
        if (needed > Console.Profile.Width)
        {
            WriteLists(columns, rows);
            return;
        }
        var table = new Table().NoBorder();
        foreach (var column in columns)
            table.AddColumn(new TableColumn($"[bold]{column}[/]").NoWrap());
        foreach (var row in rows)
            table.AddRow([.. row.Select(Markup.Escape)]);
        Console.Write(table);
    }

    /// <summary>
    /// Writes one named value per line, whatever the width: a terminal wraps a longer line, but copies it as one.
    /// </summary>
    public void WriteList(IReadOnlyList<string> names, IReadOnlyList<string> values) => WriteLists(names, [values]);

    private void WriteLists(IReadOnlyList<string> names, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var width = names.Max(name => name.Length) + Padding;
        foreach (var row in rows)
        {
            for (var i = 0; i < names.Count; i++)
                host.Out.WriteLine(names[i].PadRight(width) + row[i]);
            if (rows.Count > 1)
                host.Out.WriteLine();
        }
    }

    /// <summary>Bounds text chosen by a peer, a user or a file, replaces control characters, and escapes markup.</summary>
    public static string Safe(string? text, int limit = 80) => Markup.Escape(Printable.Bounded(text, limit));

    private static IAnsiConsole CreateConsole(CliHost host)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = host.IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = host.IsTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(host.Out),
        });
        if (!host.IsTerminal || host.Width is not null)
            console.Profile.Width = host.Width ?? UnboundedWidth;
        return console;
    }
}
