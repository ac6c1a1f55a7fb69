using System.Runtime.CompilerServices;
using Meshara.Watch.Alerts;
using Meshara.Watch.Nodes;

namespace Meshara.Watch.Mesh;

/// <summary>
/// Asks the nodes while somebody watches, each in a loop of its own, so that one that stalls delays no other. It stores nothing but the
/// last readings, and rests while nobody watches.
/// </summary>
internal sealed class MeshWatch(WatchOptions options, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan PerNode = TimeSpan.FromMilliseconds(10), ShortestInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AlertsInterval = TimeSpan.FromSeconds(5);

    /// <summary>Between two views, however much changes.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly AlertsReader _alertsReader = new(options.Prometheus, options.Alertmanager, time);
    private readonly SemaphoreSlim _changed = new(0);
    private NodeProbe[]? _probes;
    private AlertsView _alerts = AlertsReader.Nothing(options.Prometheus);
    private TaskCompletionSource<WatchedView> _next = NewNext();
    private WatchedView? _latest;
    private CancellationTokenSource? _run;
    private Task _running = Task.CompletedTask;
    private int _watchers;

    /// <summary>Options of the watch.</summary>
    public WatchOptions Options => options;

    /// <summary>The nodes' probes.</summary>
    public IReadOnlyList<NodeProbe> Probes
    {
        get
        {
            lock (_gate)
                return _probes ??= [.. options.Nodes().Select(node => new NodeProbe(node, time))];
        }
    }

    /// <summary>Yields views until cancelled. A slow reader gets fewer of them, and always the latest.</summary>
    public async IAsyncEnumerable<WatchedView> FollowAsync([EnumeratorCancellation] CancellationToken stop)
    {
        Begin();
        try
        {
            if (Volatile.Read(ref _latest) is { } latest)
                yield return latest;
            while (true)
                yield return await Volatile.Read(ref _next).Task.WaitAsync(stop);
        }
        finally
        {
            await EndAsync();
        }
    }

    public void Dispose()
    {
        _run?.Cancel();
        foreach (var probe in _probes ?? [])
            probe.Dispose();
        _alertsReader.Dispose();
        _changed.Dispose();
    }

    private void Begin()
    {
        var probes = Probes;
        lock (_gate)
        {
            if (++_watchers > 1)
                return;
            var before = _running;
            _run = new CancellationTokenSource();
            _running = RunAsync(probes, before, _run.Token);
        }
    }

    private async Task EndAsync()
    {
        CancellationTokenSource? ended = null;
        lock (_gate)
        {
            if (--_watchers == 0)
                (ended, _run, _latest) = (_run, null, null);
        }
        if (ended is not null)
        {
            await ended.CancelAsync();
            ended.Dispose();
        }
    }

    private async Task RunAsync(IReadOnlyList<NodeProbe> probes, Task before, CancellationToken stop)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var probe in probes)
            probe.Forget();
        var interval = options.Interval ?? (probes.Count * PerNode > ShortestInterval ? probes.Count * PerNode : ShortestInterval);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task[] loops =
        [
            .. probes.Select((probe, i) => AskAsync(probe, interval * i / probes.Count, interval, end.Token)),
            AskForAlertsAsync(end.Token),
            ShowAsync(probes, interval, end.Token),
        ];
        try
        {
            // No loop ends by itself: a defect in one ends them all, and those who follow are told.
            await await Task.WhenAny(loops.Where((_, i) => options.Prometheus is not null || i != probes.Count));
        }
        catch (Exception defect) when (!stop.IsCancellationRequested)
        {
            Interlocked.Exchange(ref _next, NewNext()).SetException(defect);
        }
        await end.CancelAsync();
        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <param name="probe">The node.</param>
    /// <param name="after">When to begin, so that the nodes are not all asked at once.</param>
    /// <param name="interval">How often to ask.</param>
    /// <param name="stop">Ends the loop.</param>
    private async Task AskAsync(NodeProbe probe, TimeSpan after, TimeSpan interval, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            var before = probe.Readings.LastOrDefault();
            var reading = await probe.ReadAsync(stop);
            if (before is null || before.IsSilent != reading.IsSilent || before.Health?.Status != reading.Health?.Status
                || before.Peers?.Count != reading.Peers?.Count)
                Tell();
            if (before is null && after > TimeSpan.Zero)
                await Task.Delay(after, time, stop);
        }
        while (await timer.WaitForNextTickAsync(stop));
    }

    private async Task AskForAlertsAsync(CancellationToken stop)
    {
        if (options.Prometheus is null)
            return;
        using var timer = new PeriodicTimer(AlertsInterval, time);
        do
        {
            _alerts = await _alertsReader.ReadAsync(stop);
        }
        while (await timer.WaitForNextTickAsync(stop));
    }

    /// <summary>Draws a view after each interval, and at once when a node's condition changes.</summary>
    private async Task ShowAsync(IReadOnlyList<NodeProbe> probes, TimeSpan interval, CancellationToken stop)
    {
        while (true)
        {
            await _changed.WaitAsync(interval, stop);
            var view = new WatchedView(MeshDrawing.Draw(probes, _alerts, time));
            Volatile.Write(ref _latest, view);
            Interlocked.Exchange(ref _next, NewNext()).SetResult(view);
            await Task.Delay(ShortestPause < interval ? ShortestPause : interval, time, stop);
        }
    }

    private void Tell()
    {
        if (_changed.CurrentCount == 0)
            _changed.Release();
    }

    private static TaskCompletionSource<WatchedView> NewNext() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
