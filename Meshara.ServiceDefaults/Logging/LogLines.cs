using System.Diagnostics.Metrics;
using Meshara.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Logging;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>
/// <c>meshara_log_lines_total</c>: lines handed to the log outputs, by level. Compared with the lines that arrive in the log
/// store, it tells lost logs from a quiet node.
/// </summary>
internal sealed class LogLines
{
    private static readonly string[] Levels = ["trace", "debug", "info", "warn", "error"];

    private readonly long[] _written = new long[Levels.Length];

    /// <param name="meters">Creates the meter; the container disposes it.</param>
    public LogLines(IMeterFactory meters)
    {
        var labels = Levels.Select(level => new KeyValuePair<string, object?>("level", level)).ToArray();
        meters.Create(ExportFailures.MeterName).CreateObservableCounter(
            "meshara.log.lines", () => labels.Select((label, level) => new Measurement<long>(Volatile.Read(ref _written[level]), label)),
            "{line}", "Log lines written, by level.");
    }

    /// <summary>Counts one line. Critical counts as error.</summary>
    public void Count(LogLevel level) => Interlocked.Increment(ref _written[Math.Min((int)level, Levels.Length - 1)]);
}
