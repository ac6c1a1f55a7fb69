using Spectre.Console;

namespace Meshara.Harness.Terminal;

/// <summary>
/// The host's output: lines, and on a terminal a live line below them that is redrawn. Without a terminal (a pipe, a file, a build
/// server) there is no live line; the caller writes a plain line from time to time instead.
/// </summary>
internal sealed class StatusConsole
{
    private const string EraseLine = "\r\u001b[2K";

    private readonly Lock _gate = new();
    private readonly IAnsiConsole _console;
    private string? _live;

    /// <param name="console">The console to write to.</param>
    public StatusConsole(IAnsiConsole console)
    {
        ArgumentNullException.ThrowIfNull(console);
        _console = console;
        IsInteractive = console.Profile.Capabilities is { Interactive: true, Ansi: true } && console.Profile.Out.IsTerminal;
    }

    /// <summary>True if a live line is drawn.</summary>
    public bool IsInteractive { get; }

    /// <summary>Width in columns. Without a terminal it is large enough that tables are not wrapped.</summary>
    public int Width => _console.Profile.Out.IsTerminal ? _console.Profile.Width : 200;

    /// <summary>Writes a line above the live line. Replaces control characters, because text from a log is not trusted.</summary>
    public void WriteLine(string text) => Write(() => _console.Profile.Out.Writer.WriteLine(Plain(text)));

    /// <summary>Writes several lines with no other output in between.</summary>
    public void WriteLines(string text) => WriteEach(text.Split('\n'));

    public void Write(Table table) => Write(() =>
    {
        _console.Profile.Width = Width;
        _console.Write(table);
    });

    /// <summary>Redraws the live line; null removes it. Does nothing without a terminal.</summary>
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
            try
            {
                Redraw(action, _console.Profile.Out.Writer);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Standard output is a broken pipe or a full disk, or was closed from the start, which .NET reports as access denied. The
                // mesh keeps running.
            }
        }
    }

    private void Redraw(Action action, TextWriter writer)
    {
        if (_live is not null)
            writer.Write(EraseLine);
        action();
        // EraseLine clears one row only, so the line must not wrap.
        if (_live is { } live)
            writer.Write(live.Length < Width ? live : live[..(Width - 1)]);
        writer.Flush();
    }

    private static string Plain(string text) => string.Create(text.Length, text, static (span, source) =>
    {
        for (var i = 0; i < span.Length; i++)
            span[i] = char.IsControl(source[i]) ? ' ' : source[i];
    });
}
