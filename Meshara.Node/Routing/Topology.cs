using System.Net;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Routing;

/// <summary>
/// Keeps this node in the mesh: joins through the bootstrap endpoints, maintains enough connections, refreshes the routing
/// table and publishes this node's record. Reacts to a lost peer at once instead of at the next tick.
/// </summary>
internal sealed partial class Topology
{
    private const int MaxRemembered = 100;
    private static readonly TimeSpan MinBootstrapPause = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan RememberInterval = TimeSpan.FromSeconds(30);

    private readonly NodeIdentity _identity;
    private readonly IReadOnlyList<Uri> _bootstrap;
    private readonly IReadOnlyList<PeerEndpoint> _endpoints;
    private readonly BootstrapResolver _resolver;
    private readonly LocalRecord _self;
    private readonly Swarm _swarm;
    private readonly Dht _dht;
    private readonly RoutingTable _table;
    private readonly IPeerCache _cache;
    private readonly RoutingOptions _options;
    private readonly MeshTelemetry _telemetry;
    private readonly TimeProvider _time;
    private readonly ILogger<Topology> _logger;
    private volatile TaskCompletionSource _woken = new(Work.Asynchronously);
    private readonly HashSet<EndPoint> _ownEndpoints = [];
    private readonly RelayChoice _relays;

    // Peers of the last run whose records have since expired; the endpoints may still be right.
    private readonly List<PeerRecord> _expired = [];
    private readonly Dictionary<EndPoint, NodeAddress> _bootstrapPeers = [];
    private readonly TaskCompletionSource _joined = new(Work.Asynchronously);
    private long _refreshed;
    private long _bootstrapTried;
    private TimeSpan _bootstrapPause = MinBootstrapPause;
    private long _remembered;
    private bool _warned;
    private bool _hasJoined;
    private volatile string? _bootstrapFailure;

    public Topology(
        NodeIdentity identity, IOptions<MeshOptions> mesh, Listener listener, BootstrapResolver resolver, LocalRecord self,
        Swarm swarm, Dht dht, RoutingTable table, RouteCache routes, IPeerCache cache, IOptions<RoutingOptions> options, MeshTelemetry telemetry, TimeProvider time, ILogger<Topology> logger)
    {
        _identity = identity;
        _relays = new RelayChoice(identity.Id);
        _bootstrap = [.. mesh.Value.Bootstrap.Select(text => new Uri(text))];
        _endpoints = listener.Advertised;
        _resolver = resolver;
        _self = self;
        _swarm = swarm;
        _dht = dht;
        _table = table;
        _cache = cache;
        _options = options.Value;
        _telemetry = telemetry;
        _time = time;
        WatchClock(NodeClock.Of(time));
        _logger = logger;
        swarm.Referral = dht.Refer;
        swarm.AddWorth(connection => table.Contains(connection.Record.Id) ? 2 : 0);
        swarm.Connected += connection =>
        {
            dht.Learn(connection.Record, connection.Source);
            Wake();
        };
        swarm.Disconnected += connection =>
        {
            routes.ForgetVia(connection.Peer);
            Wake();
        };
    }

    /// <summary>
    /// True if no bootstrap endpoints are configured, or only this node itself answers at them: it waits for others to connect.
    /// </summary>
    public bool IsAlone => _bootstrap.Count == 0 || _isLoneBootstrap;

    /// <summary>Why the last attempt to join found nobody; null if it succeeded or there has been none.</summary>
    public string? BootstrapFailure => _bootstrapFailure;

    /// <summary>Completes when the node has joined, is alone on purpose, or has given up waiting for its mesh.</summary>
    public Task Joined => _joined.Task;

    /// <summary>Works until cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        _started = _time.GetTimestamp();
        try
        {
            await TryAsync(RecallAsync, stopping);
            while (true)
            {
                await TryAsync(MaintainAsync, stopping);
                // Jitter keeps nodes that started together from working in step.
                var pause = _options.MaintenanceInterval * (0.75 + Chance.Random.NextDouble() / 2);
                using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                var timer = Task.Delay(pause, _time, deadline.Token);
                await Task.WhenAny(timer, _woken.Task);
                deadline.Cancel();
                if (_woken.Task.IsCompleted)
                    _woken = new TaskCompletionSource(Work.Asynchronously);
                stopping.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
        finally
        {
            // However this ends, nobody must keep waiting for a join that will not happen.
            _joined.TrySetCanceled(stopping);
        }
    }

    /// <summary>
    /// Runs one round and reports any failure, so that the next round still runs: without maintenance a node loses its
    /// connections one by one.
    /// </summary>
    private async Task TryAsync(Func<CancellationToken, Task> round, CancellationToken stopping)
    {
        try
        {
            await round(stopping);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            _telemetry.Error(ErrorType.Routing);
            Log.MaintenanceFailed(_logger, e);
        }
    }

    private void Wake() => _woken.TrySetResult();

    private async Task MaintainAsync(CancellationToken stopping)
    {
        CatchUp();
        if (_swarm.Count == 0)
            await FillAsync(stopping);
        if (_swarm.Count == 0)
            await ReturnAsync(stopping);
        // Nodes with peers do this too: after a partition both halves have peers, and a restarted bootstrap node knows nobody.
        if (_swarm.Count == 0 || _time.GetElapsedTime(_bootstrapTried) > _bootstrapPause * Crowd)
            await JoinAsync(stopping);
        Advertise();
        if (_swarm.Count > 0 && (_refreshed == 0 || _time.GetElapsedTime(_refreshed) > _options.RefreshInterval))
        {
            _refreshed = _time.GetTimestamp();
            await _dht.PublishAsync(stopping);
            var isFirst = !_hasJoined;
            if (isFirst)
                Log.Joined(_logger, _swarm.Count, _table.Count);
            (_hasJoined, _wasMember, _isLoneBootstrap) = (true, true, false);
            _joined.TrySetResult();
            await _dht.RefreshTableAsync(isFirst, stopping);
        }
        await FillAsync(stopping);
        await RememberAsync(stopping);
    }

    /// <summary>
    /// How much less often a node of a large mesh dials the bootstrap endpoints: all nodes together do it as often as a hundred
    /// would, which finds the other half of a mesh as soon, and does not flood the bootstrap nodes.
    /// </summary>
    private double Crowd => Math.Max(1, _table.EstimateNodes() / 100.0);

    /// <summary>
    /// Loads the peers of the last run, so that a restarted node finds the mesh even if its bootstrap nodes are gone.
    /// </summary>
    private async Task RecallAsync(CancellationToken stopping)
    {
        foreach (var wire in await _cache.LoadPeersAsync(stopping))
        {
            _wasMember = true;
            if (_dht.TryVerify(wire, teller: default, out var record))
                _dht.Learn(record, _identity.Address);
            else if (PeerRecord.TryRecall(wire, out record))
                _expired.Add(record);
        }
    }

    /// <summary>
    /// Dials peers of the last run whose records have expired, a few at a time: after a long absence a node knows nobody else.
    /// </summary>
    private Task ReturnAsync(CancellationToken stopping) =>
        Task.WhenAll(_expired.Where(_swarm.MayDial).Take(_options.TargetPeers).Select(record => TryConnectAsync(record, stopping)));

    private async Task RememberAsync(CancellationToken stopping)
    {
        if (_swarm.Count == 0 || _remembered != 0 && _time.GetElapsedTime(_remembered) < RememberInterval)
            return;
        _remembered = _time.GetTimestamp();
        var connected = _swarm.Connections.Select(connection => connection.Record);
        var peers = connected.Concat(_table.Closest(_identity.Id, MaxRemembered)).DistinctBy(record => record.Address).Take(MaxRemembered).ToList();
        try
        {
            await _cache.SavePeersAsync(peers, stopping);
        }
        catch (MesharaException e)
        {
            Log.NotRemembered(_logger, e.Message); // the store reports its own failures; the mesh works without this
        }
    }

    /// <summary>Dials the bootstrap endpoints that are not connected.</summary>
    private async Task JoinAsync(CancellationToken stopping)
    {
        _bootstrapTried = _time.GetTimestamp();
        var dialled = false;
        string? failure = null;
        foreach (var bootstrap in _bootstrap)
        {
            try
            {
                foreach (var endpoint in await _resolver.ResolveAsync(bootstrap, stopping))
                {
                    if (_ownEndpoints.Contains(endpoint) || _bootstrapPeers.TryGetValue(endpoint, out var peer) && _swarm.TryGet(peer, out _))
                        continue;
                    dialled = true;
                    if (_bootstrapPeers.TryGetValue(endpoint, out peer) && _swarm.WhyPaused(peer) is { } why)
                    {
                        failure = why;
                        continue;
                    }
                    failure = await DialAsync(endpoint, stopping) ?? failure;
                }
            }
            catch (MesharaException e)
            {
                dialled = true;
                failure = e.Message;
            }
        }
        var pause = failure is null ? MinBootstrapPause : _bootstrapPause * 2;
        _bootstrapPause = pause < _options.BootstrapInterval ? pause : _options.BootstrapInterval;
        _bootstrapFailure = failure is null || _swarm.Count > 0 ? null : $"found nobody at {string.Join(", ", _bootstrap.Select(uri => uri.OriginalString))}: {failure}";
        if (_swarm.Count > 0)
            return;
        if (!dialled)
            BeAlone();
        if (failure is null)
            return;
        if (!_warned)
            Log.BootstrapUnreachable(_logger, failure);
        _warned = true;
        DoWithout(failure);
    }

    /// <summary>Null on success; otherwise why it failed.</summary>
    private async Task<string?> DialAsync(EndPoint endpoint, CancellationToken stopping)
    {
        try
        {
            _bootstrapPeers[endpoint] = (await _swarm.ConnectAsync(endpoint, stopping)).Peer;
            _warned = false;
            return null;
        }
        catch (MesharaException e) when (e.Code == Handshake.Self)
        {
            // Every node gets the same bootstrap list, including the nodes it names.
            _ownEndpoints.Add(endpoint);
            return null;
        }
        catch (MesharaException e)
        {
            return e.Message;
        }
    }

    /// <summary>Publishes how this node can be reached: at its own endpoints, or through the peers it stays connected to.</summary>
    private void Advertise()
    {
        IReadOnlyList<PeerEndpoint> endpoints = _endpoints.Count > 0
            ? _endpoints
            : [.. _relays.Renew([.. _swarm.Connections.Where(connection => connection.IsOpen && connection.Record.IsDialable)
                .Select(connection => (connection.Peer, connection.RoundTrip))]).Select(PeerEndpoint.ThroughRelay)];
        if (_self.Advertise(endpoints))
            _refreshed = 0; // publish at once
    }

    /// <summary>
    /// Dials contacts while there are fewer connections than wanted, closest first, because those hold the table together.
    /// Contacts that failed are retried as soon as the swarm's pauses allow.
    /// </summary>
    private async Task FillAsync(CancellationToken stopping)
    {
        var missing = _options.TargetPeers - _swarm.Count;
        if (missing <= 0)
            return;
        var candidates = _table.Snapshot()
            .Select(contact => contact.Record)
            .Where(record => !_swarm.TryGet(record.Address, out _) && _swarm.MayDial(record))
            .OrderBy(record => record.Id, Comparer<NodeId>.Create(_identity.Id.CompareDistance))
            .Take(missing);
        await Task.WhenAll(candidates.Select(record => TryConnectAsync(record, stopping)));
    }

    private async Task TryConnectAsync(PeerRecord record, CancellationToken stopping)
    {
        try
        {
            await _swarm.ConnectAsync(record, stopping);
        }
        catch (MesharaException)
        {
            _table.Fail(record.Id); // the swarm has logged and counted it
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "Joined", Level = LogLevel.Information, Message = "Joined the mesh")]
        public static partial void Joined(ILogger logger, int connectedPeers, int contacts);

        [LoggerMessage(EventName = "Alone", Level = LogLevel.Information,
            Message = "No bootstrap endpoint answers but this node itself: waiting for others")]
        public static partial void Alone(ILogger logger);

        [LoggerMessage(EventName = "MeshNotFound", Level = LogLevel.Warning,
            Message = "This node was a member of a mesh and finds nobody of it: it takes messages, which wait, and looks on: {cause}")]
        public static partial void MeshNotFound(ILogger logger, string cause);

        [LoggerMessage(EventName = "PeersNotRemembered", Level = LogLevel.Debug, Message = "The known peers could not be saved")]
        public static partial void NotRemembered(ILogger logger, string cause);

        [LoggerMessage(EventName = "MaintenanceFailed", Level = LogLevel.Error, Message = "Looking after connections and contacts failed unexpectedly, trying again")]
        public static partial void MaintenanceFailed(ILogger logger, Exception exception);

        [LoggerMessage(EventName = "BootstrapUnreachable", Level = LogLevel.Warning,
            Message = "No bootstrap endpoint can be reached, trying again: {cause}")]
        public static partial void BootstrapUnreachable(ILogger logger, string cause);
    }
}
