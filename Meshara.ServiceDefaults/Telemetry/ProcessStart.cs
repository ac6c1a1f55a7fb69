using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// <c>process_start_time_seconds</c>, named as in Prometheus' own client libraries. A change means a restart; counters do not
/// reveal that of a process that restarts between two scrapes.
/// </summary>
internal sealed class ProcessStart
{
    public const string MeterName = "Meshara.Process";

    /// <param name="meters">Creates the meter; the container disposes it.</param>
    public ProcessStart(IMeterFactory meters)
    {
        using var process = Process.GetCurrentProcess();
        var seconds = (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
        meters.Create(MeterName).CreateObservableGauge("process.start_time", () => seconds, "s", "Start of the process, since the Unix epoch.");
    }
}
