using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace Meshara.Node.Cli;

/// <summary>Where a command's result goes: JSON for a program, a table or lines for a person.</summary>
internal sealed class CliOutput(CliHost host, bool json)
{
    /// <summary>Wide enough for any row: what is not a terminal has no width, and a wrapped address cannot be grepped.</summary>
    private const int UnboundedWidth = 4096;

    private readonly Lazy<IAnsiConsole> _console = new(() => CreateConsole(host));

    /// <summary>The console for people; text from outside goes through <see cref="Safe"/> first.</summary>
    public IAnsiConsole Console => _console.Value;

    /// <summary>True when a program reads.</summary>
    public bool IsJson => json;

    /// <summary>One result, in the form that was asked for.</summary>
    public void Write<T>(T value, JsonTypeInfo<T> type, Action<T> show)
    {
        if (json)
            host.Out.WriteLine(JsonSerializer.Serialize(value, type));
        else
            show(value);
        host.Out.Flush();
    }

    /// <summary>A table without lines, headed by <paramref name="columns"/>, which no column wraps.</summary>
    public static Table Table(params ReadOnlySpan<string> columns)
    {
        var table = new Table().NoBorder();
        foreach (var column in columns)
            table.AddColumn(new TableColumn($"[bold]{column}[/]").NoWrap());
        return table;
    }

    /// <summary>Text that a peer, a user or a file chose, bounded, without control characters, and never taken for markup.</summary>
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
        if (!host.IsTerminal)
            console.Profile.Width = UnboundedWidth;
        return console;
    }
}
