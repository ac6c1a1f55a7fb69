using System.Collections.Concurrent;
using Meshara.ServiceDefaults.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>Writes every log entry as a JSON line to standard output and, if a folder is given, to rolling files.</summary>
[ProviderAlias("Json")]
internal sealed class JsonLoggerProvider : ILoggerProvider, ISupportExternalScope
{
    private static readonly TimeSpan CrashFlushTimeout = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, JsonLogger> _loggers = new(StringComparer.Ordinal);
    private readonly LogTargetMap _targets;
    private readonly TimeProvider _time;
    private readonly string? _nodeId;
    private readonly string _ownTarget;
    private readonly LineWriter _console;
    private readonly LineWriter? _files;
    private readonly RecentLogs? _recent;
    private readonly LogLines? _lines;
    private int _disposed;

    /// <param name="lost">Counts the lines that the outputs lose.</param>
    /// <param name="recent">Keeps recent lines in memory; null keeps none.</param>
    /// <param name="lines">Counts the lines; null counts none.</param>
    public JsonLoggerProvider(
        ServiceDefaultsOptions options, LogTargetMap targets, TimeProvider time, LostLines lost, RecentLogs? recent = null, LogLines? lines = null)
    {
        var logs = options.Logs;
        (_targets, _time, _nodeId, _recent, _lines) = (targets, time, options.InstanceId, recent, lines);
        _ownTarget = $"{options.ServiceName}::logging";
        Repeats = new RepeatLimiter(time, logs.RepeatBudget, logs.RepeatInterval, ReportSuppressed);
        _console = new LineWriter(
            "stdout", new StreamSink(logs.OpenStandardOutput()), logs.MaxQueuedBytes,
            missing => LossNotice(LostLines.Stdout, missing), lost.AddStdout);
        if (logs.Directory is { Length: > 0 } directory)
        {
            var sink = new RollingFileSink(directory, logs.FileName!, logs, time, reason => ReportFileFailure(directory, reason), ReportFileLoss);
            _files = new LineWriter("files", sink, logs.MaxQueuedBytes, lines => LossNotice(LostLines.Files, lines), lost.AddFiles);
        }
        // The lines before a crash matter most, and nothing disposes this provider then.
        AppDomain.CurrentDomain.UnhandledException += OnCrash;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    /// <summary>Asked before each warning and error.</summary>
    public RepeatLimiter Repeats { get; }

    public IExternalScopeProvider? Scopes { get; private set; }

    public ILogger CreateLogger(string categoryName) =>
        _loggers.GetOrAdd(categoryName, static (name, self) => new JsonLogger(self, name, self._targets.Resolve(name)), this);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => Scopes = scopeProvider;

    /// <summary>Stamps the entry with the time and hands its line to the outputs.</summary>
    public void Write(in LogEntry entry)
    {
        var line = JsonLine.Write(entry with { Timestamp = _time.GetUtcNow() }, Scopes, _nodeId);
        _console.Enqueue(line);
        _files?.Enqueue(line);
        _recent?.Add(line);
        _lines?.Count(entry.Level);
    }

    /// <summary>Waits until everything logged so far is written; false if an output is blocked for longer.</summary>
    public bool Flush(TimeSpan timeout) => _console.Flush(timeout) && (_files?.Flush(timeout) ?? true);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        AppDomain.CurrentDomain.UnhandledException -= OnCrash;
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        Repeats.Dispose();
        _files?.Dispose();
        _console.Dispose();
    }

    private void OnCrash(object sender, UnhandledExceptionEventArgs e) => Flush(CrashFlushTimeout);

    private void OnExit(object? sender, EventArgs e) => Dispose();

    private void ReportSuppressed(RepeatedEvent repeated, LogLevel level, long suppressed) => Write(new LogEntry(
        default, level, _targets.Resolve(repeated.Category), "Repeated too often; further occurrences were not logged",
        repeated.Name, Suppressed: suppressed));

    private void ReportFileFailure(string directory, string reason) => _console.Enqueue(Own(
        LogLevel.Warning, "Log files cannot be written", "LogFilesFailed", new("Directory", directory), new("Reason", reason)));

    private void ReportFileLoss(string file) => _console.Enqueue(Own(
        LogLevel.Warning, "The log file was removed or replaced while it was open; it is begun anew", "LogFilesReopened", new KeyValuePair<string, object?>("File", file)));

    private byte[] LossNotice(string output, long lost) => Own(
        LogLevel.Warning, "Log lines were lost because their output was blocked or failed", "LogLinesLost", new("Output", output), new("Lost", lost));

    private byte[] Own(LogLevel level, string message, string eventName, params KeyValuePair<string, object?>[] fields) =>
        JsonLine.Write(new LogEntry(_time.GetUtcNow(), level, _ownTarget, message, eventName, Fields: fields), scopes: null, _nodeId);
}
