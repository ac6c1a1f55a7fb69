using Spectre.Console;

namespace Meshara.Harness.Terminal;

/// <summary>
/// The host's output: lines, and beneath them on a terminal one live line that is redrawn. Where nobody watches (a pipe,
/// a file, a build server) there is no live line; the caller writes a plain one now and then instead.
/// </summary>
internal sealed class StatusConsole
{
    private const string EraseLine = "\r\u001b[2K";

    private readonly Lock _gate = new();
    private readonly IAnsiConsole _console;
    private string? _live;

    /// <param name="console">Where to write.</param>
    public StatusConsole(IAnsiConsole console)
    {
        ArgumentNullException.ThrowIfNull(console);
        _console = console;
        IsInteractive = console.Profile.Capabilities is { Interactive: true, Ansi: true } && console.Profile.Out.IsTerminal;
    }

    /// <summary>True when a live line is drawn.</summary>
    public bool IsInteractive { get; }

    /// <summary>Columns to fill; without a terminal as many as it takes, so that nothing is wrapped for whoever reads it later.</summary>
    public int Width => _console.Profile.Out.IsTerminal ? _console.Profile.Width : 200;

    /// <summary>Writes a line above the live line. Control characters, which a log may carry from anywhere, are replaced.</summary>
    public void WriteLine(string text) => Write(() => _console.Profile.Out.Writer.WriteLine(Plain(text)));

    /// <summary>Writes several lines that belong together.</summary>
    public void WriteLines(string text) => WriteEach(text.Split('\n'));

    /// <summary>Writes a table.</summary>
    public void Write(Table table) => Write(() =>
    {
        _console.Profile.Width = Width;
        _console.Write(table);
    });

    /// <summary>Draws the live line anew; does nothing without a terminal.</summary>
    public void SetLive(string? text)
    {
        if (IsInteractive)
            Write(() => _live = text);
    }

    private void WriteEach(IEnumerable<string> lines) => Write(() =>
    {
        foreach (var line in lines)
            _console.Profile.Out.Writer.WriteLine(Plain(line));
    });

    private void Write(Action action)
    {
        lock (_gate)
        {
            var writer = _console.Profile.Out.Writer;
            if (_live is not null)
                writer.Write(EraseLine);
            action();
            // A line that wraps cannot be erased by its last row alone.
            if (_live is { } live)
                writer.Write(live.Length < Width ? live : live[..(Width - 1)]);
            writer.Flush();
        }
    }

    private static string Plain(string text) => string.Create(text.Length, text, static (span, source) =>
    {
        for (var i = 0; i < span.Length; i++)
            span[i] = char.IsControl(source[i]) ? ' ' : source[i];
    });
}
