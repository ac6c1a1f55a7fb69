using System.Buffers;
using System.Text;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting;
using Serilog.Sinks.File;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>
/// Writes lines to <c>NAME-20251223.log</c>, <c>NAME-20251223_001.log</c> and so on, limited in size, number and age by
/// Serilog's file sink. While the folder cannot be written, lines are lost; the next attempt follows after
/// <see cref="LogOutputOptions.FileRetryInterval"/> (Serilog's own would follow after half an hour). A file that was removed
/// or replaced is begun anew.
/// </summary>
internal sealed class RollingFileSink : ILineSink, ILoggingFailureListener
{
    private static readonly TimeSpan CheckInterval = TimeSpan.FromSeconds(1);

    private readonly LogOutputOptions _options;
    private readonly string _path;
    private readonly TimeProvider _time;
    private readonly Action<string> _reportFailure;
    private readonly Action<string> _reportLoss;
    private readonly OpenedFile _opened = new();
    private Logger? _files;
    private long _failedAt;
    private long _checkedAt;
    private bool _failing;
    private string? _failure;

    /// <param name="reportFailure">Called with the reason when writing begins to fail.</param>
    /// <param name="reportLoss">Called with the path of a file that was removed or replaced while it was open.</param>
    public RollingFileSink(
        string directory, string name, LogOutputOptions options, TimeProvider time, Action<string> reportFailure, Action<string> reportLoss)
    {
        (_options, _time, _reportFailure, _reportLoss) = (options, time, reportFailure, reportLoss);
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
        // Temporary means a locked file, after which the next in sequence is tried, or an old file that could not be deleted.
        if (kind != LoggingFailureKind.Temporary)
            _failure = exception?.Message ?? message;
    }

    private bool TryWrite(byte[] line)
    {
        if (_failing && _time.GetElapsedTime(_failedAt) < _options.FileRetryInterval)
            return false;

        _failure = null;
        CheckFile();
        _files ??= Open();
        _files.Write(new LogEvent(default, LogEventLevel.Information, null, MessageTemplate.Empty, [new LogEventProperty("line", new Line(line))]));
        if (_failure is null)
        {
            _opened.Length += line.Length;
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

    /// <summary>Begins a new file if the open one was removed: lines written to it would be lost.</summary>
    private void CheckFile()
    {
        if (_files is null || _time.GetElapsedTime(_checkedAt) < CheckInterval)
            return;
        _checkedAt = _time.GetTimestamp();
        if (_opened.IsThere())
            return;
        Close();
        _reportLoss(_opened.Path);
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
                retainedFileTimeLimit: _options.MaxFileAge,
                hooks: _opened),
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

    /// <summary>The file currently written to.</summary>
    private sealed class OpenedFile : FileLifecycleHooks
    {
        public string Path { get; private set; } = "";

        /// <summary>Its expected size in bytes, if nothing else writes to it.</summary>
        public long Length { get; set; }

        /// <summary>False if the path is gone, or leads to a file of another size.</summary>
        public bool IsThere() => Path.Length == 0 || IsDevice(Path) || new FileInfo(Path) is { Exists: true } file && file.Length == Length;

        public override Stream OnFileOpened(string path, Stream underlyingStream, Encoding encoding)
        {
            (Path, Length) = (path, IsDevice(path) ? 0 : new FileInfo(path).Length);
            // If the volume filled up or the program ended in mid-line, the next line must not be appended to that fragment.
            if (Length > 0 && !EndsWithLine(path))
            {
                underlyingStream.WriteByte((byte)'\n');
                Length++;
            }
            return underlyingStream;
        }

        private static bool EndsWithLine(string path)
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            file.Seek(-1, SeekOrigin.End);
            return file.ReadByte() == '\n';
        }

        /// <summary>True for a link, which may lead to a device: its size cannot be compared.</summary>
        private static bool IsDevice(string path) => new FileInfo(path).LinkTarget is not null;
    }

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
