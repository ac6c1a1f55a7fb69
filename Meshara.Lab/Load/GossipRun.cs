using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Meshara.Harness.Terminal;
using Meshara.Node.Gossip;
using Meshara.Node.Protocol;
using Meshara.Node.Telemetry;

namespace Meshara.Lab.Load;

/// <summary>
/// Measures how long a broadcast takes to reach every node. All nodes run in one process, with their own keys, TLS sockets and inboxes:
/// a hundred processes on a few cores would measure the scheduler. The OpenTelemetry SDK is off, because it would treat all nodes of a
/// process as one.
/// </summary>
internal sealed class GossipRun(MeshLoadOptions options, StatusConsole console) : IAsyncDisposable
{
    private const int StartsAtATime = 4;
    private const int WarmUps = 30;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(4);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("meshara-lab-");
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<MessageId, Spreading> _spreading = new();
    private readonly List<PairNode> _nodes = [];
    private readonly List<Task> _readers = [];
    private readonly MeterListener _meters = new();
    private long _duplicates;

    /// <summary>Starts the nodes, broadcasts, prints the results, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await StartAsync(cancellationToken);
        await SettleAsync(cancellationToken);
        console.WriteLine($"{_nodes.Count} nodes, {_nodes.Average(node => node.ConnectedPeers):0.0} connections each");
        for (var i = 0; i < WarmUps; i++)
            await BroadcastAsync(cancellationToken);
        var (idle, told) = await MeasureIdleAsync(cancellationToken);
        var (times, reached, duplicates) = (new List<double>(), 0L, Volatile.Read(ref _duplicates));
        for (var i = 0; i < options.Broadcasts; i++)
        {
            await Task.Delay(Pause, cancellationToken);
            var spreading = await BroadcastAsync(cancellationToken);
            reached += spreading.Reached;
            times.Add(spreading.Elapsed.TotalMilliseconds);
        }
        duplicates = Volatile.Read(ref _duplicates) - duplicates;
        times.Sort();
        var report = new GossipReport(
            _nodes.Count, times.Count, (double)reached / (times.Count * (_nodes.Count - 1L)), Quantile(0.5), Quantile(0.9), Math.Round(times[^1], 2),
            Math.Round((double)duplicates / Math.Max(1, reached), 3), Math.Round(idle, 1), Math.Round(told));
        console.WriteLine(FormattableString.Invariant(
            $"on every node: median {report.P50Ms:0.0} ms, 90 % within {report.P90Ms:0.0} ms, at most {report.MaxMs:0.0} ms; coverage {report.Coverage:0.0000}"));
        console.WriteLine(FormattableString.Invariant(
            $"{report.DuplicatesPerDelivery:0.00} duplicates a delivery; while nobody broadcasts the mesh takes {report.IdleCpuPercent:0} % of a core"));
        console.WriteLine(FormattableString.Invariant($"meanwhile each node tells {report.MembershipBytesPerSecond:0} bytes a second of the members"));
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);
        return report.Coverage >= 1 ? 0 : throw new InvalidOperationException($"Not every broadcast reached every node within {Deadline.TotalSeconds:0} s.");

        double Quantile(double quantile) => Math.Round(times[(int)(quantile * (times.Count - 1))], 2);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_readers);
        _meters.Dispose();
        await Task.WhenAll(_nodes.Select(node => node.DisposeAsync().AsTask()));
        _stop.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        _nodes.Add(await StartAsync(0, null, cancellationToken));
        var bootstrap = $"tcp://{_nodes[0].Bound}";
        var gate = new Lock();
        await Parallel.ForAsync(1, options.Nodes, new ParallelOptions { MaxDegreeOfParallelism = StartsAtATime, CancellationToken = cancellationToken }, async (i, token) =>
        {
            var node = await StartAsync(i, bootstrap, token);
            lock (gate)
                _nodes.Add(node);
        });
        foreach (var node in _nodes)
            _readers.Add(ReadAsync(node));
        CountDuplicates();
    }

    private void CountDuplicates()
    {
        var factories = _nodes.Select(node => node.Get<IMeterFactory>()).ToHashSet();
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "meshara.messages.dropped" && instrument.Meter.Scope is IMeterFactory factory && factories.Contains(factory))
                listener.EnableMeasurementEvents(instrument);
        };
        _meters.SetMeasurementEventCallback<long>((_, value, tags, _) =>
        {
            if (tags.Contains(DropReason.Duplicate))
                Interlocked.Add(ref _duplicates, value);
        });
        _meters.Start();
    }

    /// <summary>Waits until the nodes, which discover and dial each other after joining, have stopped opening connections.</summary>
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        var (started, connections, unchanged) = (Stopwatch.GetTimestamp(), 0, 0);
        while (unchanged < 3 && Stopwatch.GetElapsedTime(started) < Settling)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            var now = _nodes.Sum(node => node.ConnectedPeers);
            unchanged = now == connections ? unchanged + 1 : 0;
            connections = now;
        }
    }

    /// <summary>
    /// CPU use of all nodes without broadcasts, in percent of a core, and membership data that each node sends, in bytes per
    /// second.
    /// </summary>
    private async Task<(double Cpu, double Told)> MeasureIdleAsync(CancellationToken cancellationToken)
    {
        var (started, before, told) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, Told());
        await Task.Delay(Idle, cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(started);
        return ((Environment.CpuUsage.TotalTime - before) / elapsed * 100, (Told() - told) / elapsed.TotalSeconds / _nodes.Count);

        long Told() => _nodes.Sum(node => node.Get<Membership>().BytesTold);
    }

    private Task<PairNode> StartAsync(int index, string? bootstrap, CancellationToken cancellationToken) => PairNode.StartAsync(
        $"node-{index}", Path.Combine(_folder.FullName, $"node-{index}"), new Dictionary<string, string?> { ["OTEL_SDK_DISABLED"] = "true" }, bootstrap, cancellationToken);

    private async Task ReadAsync(PairNode node)
    {
        try
        {
            await foreach (var message in node.Inbox.FollowAsync(0, _stop.Token))
                Of(message.Id).Add(_nodes.Count - 1);
        }
        catch (OperationCanceledException)
        {
            // Expected: the measurement has ended.
        }
    }

    private async Task<Spreading> BroadcastAsync(CancellationToken cancellationToken)
    {
        var origin = _nodes[Random.Shared.Next(_nodes.Count)];
        var started = Stopwatch.GetTimestamp();
        var spreading = Of(await origin.Messenger.BroadcastAsync(PairContent.Of(options.Payload), cancellationToken));
        await Task.WhenAny(spreading.Everywhere, Task.Delay(Deadline, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        spreading.Elapsed = spreading.Everywhere.IsCompletedSuccessfully ? Stopwatch.GetElapsedTime(started, await spreading.Everywhere) : Deadline;
        return spreading;
    }

    // A reader may get a broadcast before its sender knows its id.
    private Spreading Of(MessageId id) => _spreading.GetOrAdd(id, static _ => new Spreading());

    /// <summary>The progress of one broadcast.</summary>
    private sealed class Spreading
    {
        private readonly TaskCompletionSource<long> _everywhere = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _reached;

        /// <summary>Number of nodes that have it, without the sender.</summary>
        public int Reached => Volatile.Read(ref _reached);

        /// <summary>Completes with the timestamp at which the last of them got it.</summary>
        public Task<long> Everywhere => _everywhere.Task;

        public TimeSpan Elapsed { get; set; }

        public void Add(int all)
        {
            if (Interlocked.Increment(ref _reached) == all)
                _everywhere.TrySetResult(Stopwatch.GetTimestamp());
        }
    }
}
