using System.Globalization;
using System.Net.Sockets;
using Meshara.ServiceDefaults.Health;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting.Systemd;

namespace Meshara.Node;

/// <summary>
/// Notifies systemd for a service of type <c>notify</c> (sd_notify(3)): readiness, watchdog while <c>/live</c> would return 200
/// (<c>WatchdogSec=</c>), status, and stopping. The service is ready once the API answers, whether or not the mesh is found:
/// systemd kills a service that is not ready in time, but a node that is cut off must wait.
/// </summary>
internal sealed partial class SystemdNotices(
    ISystemdNotifier systemd, HealthCheckService checks, INodeView node, TimeProvider time, ILogger<SystemdNotices> logger)
    : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private Task _work = Task.CompletedTask;
    private bool _warned;

    /// <summary>The channel to systemd; null if systemd did not ask for notices.</summary>
    public static ISystemdNotifier? Notifier =>
        OperatingSystem.IsLinux() && new SystemdNotifier() is { IsEnabled: true } notifier ? notifier : null;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Called after all other services, including the API, have started.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        Tell(ServiceState.Ready);
        _work = RunAsync(_stopping.Token);
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        Tell(ServiceState.Stopping);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _work;
    }

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _stopping.Dispose();

    /// <summary>Half of the watchdog's timeout, as sd_watchdog_enabled(3) recommends; null if this process is not watched.</summary>
    private static TimeSpan? WatchdogInterval()
    {
        var watched = Environment.GetEnvironmentVariable("WATCHDOG_PID");
        if (!string.IsNullOrEmpty(watched) && watched != Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
            return null;
        var allowed = Environment.GetEnvironmentVariable("WATCHDOG_USEC");
        return long.TryParse(allowed, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds > 0
            ? TimeSpan.FromMicroseconds(microseconds) / 2
            : null;
    }

    private async Task RunAsync(CancellationToken stopping)
    {
        var watchdog = WatchdogInterval();
        using var timer = new PeriodicTimer(watchdog ?? StatusInterval, time);
        try
        {
            do
            {
                var state = node.State.ToString().ToLowerInvariant();
                var status = string.Create(
                    CultureInfo.InvariantCulture, $"STATUS={state}, {node.ConnectedPeers} peers, {node.PendingMessages} pending messages");
                Tell(new ServiceState(watchdog is not null && await LivesAsync(stopping) ? $"WATCHDOG=1\n{status}" : status));
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }

    private async Task<bool> LivesAsync(CancellationToken stopping) =>
        (await checks.CheckHealthAsync(check => check.Tags.Contains(HealthTags.Live), stopping)).Status != HealthStatus.Unhealthy;

    private void Tell(ServiceState state)
    {
        try
        {
            systemd.Notify(state);
        }
        catch (SocketException e)
        {
            // systemd may be away for a moment, for example during an update; the node must keep running.
            if (!_warned)
                Log.NotTold(logger, e.Message);
            _warned = true;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "SystemdNotTold", Level = LogLevel.Warning,
            Message = "systemd takes no notices from this node, and may take it for dead: {cause}")]
        public static partial void NotTold(ILogger logger, string cause);
    }
}
