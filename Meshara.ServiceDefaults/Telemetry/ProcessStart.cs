using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// <c>process_start_time_seconds</c>, under the name that Prometheus' own client libraries give it: a value that changes is a restart, which no
/// counter shows of a process that restarts between two scrapes.
/// </summary>
internal sealed class ProcessStart
{
    public const string MeterName = "Meshara.Process";

    /// <param name="meters">Makes the meter; the container disposes it.</param>
    public ProcessStart(IMeterFactory meters)
    {
        using var process = Process.GetCurrentProcess();
        var seconds = (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
        meters.Create(MeterName).CreateObservableGauge("process.start_time", () => seconds, "s", "Start of the process, since the Unix epoch.");
    }
}
