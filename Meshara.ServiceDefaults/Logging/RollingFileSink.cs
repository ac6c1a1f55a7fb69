using System.Buffers;
using System.Text;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>
/// Writes lines to <c>NAME-20251223.log</c>, <c>NAME-20251223_001.log</c> and so on, limited in size, number and age
/// by Serilog's file sink. When the folder cannot be written the lines are lost; another try follows after
/// <see cref="LogOutputOptions.FileRetryInterval"/> (Serilog's own would be after half an hour).
/// </summary>
internal sealed class RollingFileSink : ILineSink, ILoggingFailureListener
{
    private readonly LogOutputOptions _options;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly Action<string> _reportFailure;
    private Logger? _files;
    private long _failedAt;
    private bool _failing;
    private string? _failure;

    /// <param name="reportFailure">Called with the reason when writing begins to fail.</param>
    public RollingFileSink(string directory, string name, LogOutputOptions options, TimeProvider time, Action<string> reportFailure)
    {
        (_options, _time, _reportFailure) = (options, time, reportFailure);
        _path = Path.Combine(directory, $"{FileName(name)}-.log");
    }

    public int Write(IReadOnlyList<byte[]> lines)
    {
        var lost = 0;
        foreach (var line in lines)
        {
            if (!TryWrite(line))
                lost++;
        }
        return lost;
    }

    public void Dispose() => Close();

    void ILoggingFailureListener.OnLoggingFailed(
        object sender, LoggingFailureKind kind, string message, IReadOnlyCollection<LogEvent>? events, Exception? exception)
    {
        // Temporary: a locked file, the next in sequence is tried; or an old file that could not be deleted.
        if (kind != LoggingFailureKind.Temporary)
            _failure = exception?.Message ?? message;
    }

    private bool TryWrite(byte[] line)
    {
        if (_failing && _time.GetElapsedTime(_failedAt) < _options.FileRetryInterval)
            return false;

        _failure = null;
        _files ??= Open();
        _files.Write(new LogEvent(default, LogEventLevel.Information, null, MessageTemplate.Empty, [new LogEventProperty("line", new Line(line))]));
        if (_failure is null)
        {
            _failing = false;
            return true;
        }

        Close();
        _failedAt = _time.GetTimestamp();
        if (!_failing)
            _reportFailure(_failure);
        _failing = true;
        return false;
    }

    private Logger Open() => new LoggerConfiguration()
        .WriteTo.Fallible(
            to => to.File(
                new LineFormatter(),
                _path,
                rollingInterval: RollingInterval.Day,
                rollOnFileSizeLimit: true,
                fileSizeLimitBytes: _options.MaxFileBytes,
                retainedFileCountLimit: _options.MaxFiles,
                retainedFileTimeLimit: _options.MaxFileAge),
            this)
        .CreateLogger();

    private void Close()
    {
        try
        {
            _files?.Dispose();
        }
        catch (IOException)
        {
            // Closing writes what the file's buffer still holds; on a full disk that is lost like the rest.
        }
        _files = null;
    }

    private static string FileName(string name) =>
        string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_'));

    private sealed class Line(byte[] utf8) : LogEventPropertyValue
    {
        public override void Render(TextWriter output, string? format = null, IFormatProvider? formatProvider = null)
        {
            var characters = ArrayPool<char>.Shared.Rent(utf8.Length);
            output.Write(characters, 0, Encoding.UTF8.GetChars(utf8, characters));
            ArrayPool<char>.Shared.Return(characters);
        }
    }

    private sealed class LineFormatter : ITextFormatter
    {
        public void Format(LogEvent logEvent, TextWriter output) => logEvent.Properties["line"].Render(output);
    }
}
