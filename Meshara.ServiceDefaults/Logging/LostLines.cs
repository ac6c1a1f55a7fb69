using System.Diagnostics.Metrics;
using Meshara.ServiceDefaults.Telemetry;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>
/// <c>meshara_log_lines_lost_total</c>: lines that an output did not take, for example because its volume is full or nobody
/// reads the pipe.
/// </summary>
internal sealed class LostLines
{
    /// <summary>Names of the outputs, also used in the event <c>LogLinesLost</c>.</summary>
    public const string Stdout = "stdout", Files = "files";

    private long _stdout;
    private long _files;

    /// <param name="meters">Creates the meter; the container disposes it.</param>
    public LostLines(IMeterFactory meters) => meters.Create(ExportFailures.MeterName).CreateObservableCounter(
        "meshara.log.lines.lost",
        () => (Measurement<long>[])[Of(Stdout, Volatile.Read(ref _stdout)), Of(Files, Volatile.Read(ref _files))],
        "{line}", "Log lines that an output did not take.");

    /// <summary>Counts lines that standard output did not take.</summary>
    public void AddStdout(long lines) => Interlocked.Add(ref _stdout, lines);

    /// <summary>Counts lines that log files did not take.</summary>
    public void AddFiles(long lines) => Interlocked.Add(ref _files, lines);

    private static Measurement<long> Of(string output, long lines) => new(lines, new KeyValuePair<string, object?>("output", output));
}
