using System.Collections.Concurrent;
using System.Net;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Telemetry;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Transport;

/// <summary>
/// All live connections, one per peer: listens, dials, sends heartbeats, and resolves duplicate connections the same way on
/// both sides. Every end of a connection has a reason, which is counted and logged.
/// </summary>
internal sealed partial class Swarm : IDisposable
{
    private static readonly TimeSpan ShortLived = TimeSpan.FromSeconds(1);

    // How long a newcomer needs to learn about other nodes before another newcomer may take its place.
    private static readonly TimeSpan ShortestStay = TimeSpan.FromSeconds(5);

    // A single protocol violation may be a defect; a peer that repeats it is banned for longer each time.
    private static readonly TimeSpan FirstBan = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBan = TimeSpan.FromMinutes(10);

    private readonly NodeAddress _self;
    private readonly TransportOptions _options;
    private readonly MeshTelemetry _telemetry;
    private readonly TimeProvider _time;
    private readonly ILogger<Swarm> _logger;
    private readonly PeerPauses _bans;
    private readonly RepeatedFailures _handshakeFailures;
    private readonly AddressLimits _limits;
    private readonly Handshake _handshake;
    private readonly INetwork _network;
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<NodeAddress, PeerConnection> _connections = new();

    // The same connections in the order in which they were made; replaced on every change.
    private volatile PeerConnection[] _all = [];
    private readonly ConcurrentDictionary<Task, byte> _running = new();
    private readonly CancellationTokenSource _stopping = new();
    private IFrameHandler _handler = null!;

    /// <param name="identity">This node's keys.</param>
    /// <param name="self">This node's record.</param>
    /// <param name="options">Limits and timing.</param>
    /// <param name="telemetry">Counts connections and their ends.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The transport's logger.</param>
    /// <param name="network">What dials; null for TCP.</param>
    public Swarm(
        NodeIdentity identity, LocalRecord self, IOptions<TransportOptions> options, MeshTelemetry telemetry, TimeProvider time, ILogger<Swarm> logger,
        INetwork? network = null)
    {
        _self = identity.Address;
        _options = options.Value;
        _telemetry = telemetry;
        _time = time;
        _logger = logger;
        _bans = new PeerPauses(FirstBan, LongestBan, time);
        _handshakeFailures = new RepeatedFailures(time);
        _refusals = new PeerPauses(_options.CloneRetryInterval / 4, _options.CloneRetryInterval, time);
        Clones = new Clones(_self, 3 * _options.CloneRetryInterval, time, logger);
        _dialSlots = new SemaphoreSlim(_options.MaxDials);
        _failures = new PeerPauses(FirstFailurePause, LongestFailurePause, time);
        _limits = new AddressLimits(_options.HandshakesPerAddress, time);
        _handshake = new Handshake(identity, self, _bans, _options, telemetry, time);
        _network = network ?? new TcpNetwork(_handshake, _options);
    }

    /// <summary>A peer has connected. Handlers must be quick and must not throw.</summary>
    public event Action<PeerConnection>? Connected;

    /// <summary>A peer has disconnected. Handlers must be quick and must not throw.</summary>
    public event Action<PeerConnection>? Disconnected;

    public int Count => _all.Length;

    /// <summary>The connections at this moment, oldest first; some may be closing.</summary>
    public IReadOnlyList<PeerConnection> Connections => _all;

    /// <summary>The live connection to a peer, if there is one.</summary>
    public bool TryGet(NodeAddress peer, out PeerConnection connection) =>
        _connections.TryGetValue(peer, out connection!) && connection.IsOpen;

    /// <summary>Starts accepting connections and sending heartbeats.</summary>
    public void Start(IFrameHandler handler)
    {
        _handler = handler;
        NodeClock.Of(_time).Resumed += OnResumed;
        Own(BeatAsync());
        if (_listener is not null)
            Own(AcceptAsync(_listener));
    }

    /// <summary>Closes every connection gracefully and waits until all have ended.</summary>
    public async Task StopAsync()
    {
        // In this order: when closing the socket ends an accept, the accept must see that the node is stopping.
        await _stopping.CancelAsync();
        _listener?.Stop();
        // Own has reported the failures.
        await Task.WhenAll(_running.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _listener?.Dispose();
        _handshake.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Makes this the peer's only connection, or closes it if another one takes precedence.</summary>
    private PeerConnection Register(PeerConnection connection)
    {
        PeerConnection winner;
        lock (_gate)
        {
            _connections.TryGetValue(connection.Peer, out var existing);
            winner = existing is null || !existing.IsOpen || Replaces(connection, existing) ? connection : existing;
            if (winner == connection)
            {
                _connections[connection.Peer] = connection;
                _all = [.. _all.Where(other => other != existing), connection];
                existing?.Close(CloseReason.Duplicate);
            }
            else
            {
                connection.Close(CloseReason.Duplicate);
            }
        }
        Own(RunAsync(connection));
        if (winner == connection)
        {
            Log.PeerConnected(_logger, connection.Peer, connection.Remote, connection.Outbound ? "outbound" : "inbound");
            Connected?.Invoke(connection);
            MakeRoom(connection);
        }
        return winner;
    }

    /// <summary>
    /// Both ends must choose the same connection. Of two dialled by the same side, the later one wins, because that side has
    /// lost the earlier one. Otherwise the one dialled by the lower address wins, unless the existing one is silent.
    /// </summary>
    private bool Replaces(PeerConnection connection, PeerConnection existing) => connection.Outbound == existing.Outbound
        ? connection.DialNumber > existing.DialNumber
        : existing.Silence > _options.HeartbeatInterval * 2 || connection.Outbound == _self < connection.Peer;

    private async Task RunAsync(PeerConnection connection)
    {
        using (connection)
        {
            try
            {
                await connection.RunAsync(_handler, _stopping.Token);
            }
            finally
            {
                // Runs even after a handler defect, which Own reports: a dead connection must not look alive.
                OnEnded(connection, connection.Reason ?? CloseReason.Remote);
            }
        }
    }

    private void OnEnded(PeerConnection connection, string reason)
    {
        bool current;
        lock (_gate)
        {
            current = _connections.TryRemove(KeyValuePair.Create(connection.Peer, connection));
            if (current)
                _all = [.. _all.Where(other => other != connection)];
        }
        _telemetry.ConnectionClosed(connection.Outbound, reason);
        if (reason is CloseReason.Network or CloseReason.Timeout or CloseReason.Protocol)
            _telemetry.ConnectionError(reason);
        // Without a pause, a peer that hangs up at once would be redialled at once, without end.
        if (current && connection.Outbound && connection.Duration < ShortLived)
            _failures.Add(connection.Peer);
        if (reason == CloseReason.Protocol)
            _bans.Add(connection.Peer);
        if (!current)
            return;
        Log.PeerDisconnected(_logger, connection.Peer, connection.Remote, reason);
        Disconnected?.Invoke(connection);
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                foreach (var connection in _all)
                    connection.Beat();
                Prune();
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }

    /// <summary>Tracks a task until it ends; a failure reported nowhere else is a defect in this program.</summary>
    private void Own(Task task)
    {
        if (task.IsCompletedSuccessfully)
            return;
        _running[task] = 0;
        task.ContinueWith(static (done, state) =>
        {
            var swarm = (Swarm)state!;
            swarm._running.TryRemove(done, out _);
            if (done.Exception is { } e)
            {
                swarm._telemetry.Error(ErrorType.Network);
                Log.Failed(swarm._logger, e.GetBaseException());
            }
        }, this, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>An endpoint that is formatted only if the log line is written.</summary>
    private readonly record struct Printed(EndPoint Endpoint)
    {
        public override string ToString() => Endpoint is DnsEndPoint dns ? $"{dns.Host}:{dns.Port}" : Endpoint.ToString()!;
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "PeerConnected", Level = LogLevel.Information, Message = "Peer connected")]
        public static partial void PeerConnected(ILogger logger, NodeAddress peer, string remote, string direction);

        [LoggerMessage(EventName = "PeerDisconnected", Level = LogLevel.Information, Message = "Peer disconnected")]
        public static partial void PeerDisconnected(ILogger logger, NodeAddress peer, string remote, string reason);

        [LoggerMessage(EventName = "DialFailed", Level = LogLevel.Debug, Message = "Cannot reach a peer")]
        public static partial void DialFailed(ILogger logger, Printed remote, string cause);

        [LoggerMessage(EventName = "HandshakeFailed", Level = LogLevel.Warning, Message = "Handshake with {remote} failed ({failures} since this was last said): {cause}")]
        public static partial void HandshakeFailed(ILogger logger, string remote, string cause, int failures);

        [LoggerMessage(EventName = "HandshakeFailedAgain", Level = LogLevel.Debug, Message = "Handshake with {remote} failed again: {cause}")]
        public static partial void HandshakeFailedAgain(ILogger logger, string remote, string cause);

        [LoggerMessage(EventName = "ConnectionRefused", Level = LogLevel.Warning, Message = "Connection from {remote} refused: {limit} connections are the limit")]
        public static partial void Refused(ILogger logger, string remote, int limit);

        [LoggerMessage(EventName = "AddressRefused", Level = LogLevel.Warning,
            Message = "Connection from {remote} refused: there are too many from its address")]
        public static partial void AddressRefused(ILogger logger, string remote);

        [LoggerMessage(EventName = "AcceptFailed", Level = LogLevel.Warning, Message = "Cannot accept connections: {cause}")]
        public static partial void AcceptFailed(ILogger logger, string cause);

        [LoggerMessage(EventName = "TransportFailed", Level = LogLevel.Error, Message = "A connection task failed")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
