using System.Net;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Meshara.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Meshara.Node;

/// <summary>
/// The lifecycle of a node: starts the transport and then the other components, joins the mesh, and at the end drains and
/// stops them, the transport last.
/// </summary>
internal sealed partial class MeshNode : IHostedLifecycleService, INodeView, INodeVitals, IDisposable
{
    private readonly Swarm _swarm;
    private readonly LocalRecord _self;
    private readonly RoutingTable _table;
    private readonly RouteCache _routes;
    private readonly Topology _topology;
    private readonly Forwarder _forwarder;
    private readonly Broadcaster _broadcaster;
    private readonly Membership _membership;
    private readonly Receiver _receiver;
    private readonly Acknowledger _acknowledger;
    private readonly Depot _depot;
    private readonly Outbox _outbox;
    private readonly ClockGuard _clockGuard;
    private readonly FrameDispatcher _dispatcher;
    private readonly MeshTelemetry _telemetry;
    private readonly Listener _listener;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ILogger<MeshNode> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private Task _work = Task.CompletedTask;
    private volatile NodeState _state = NodeState.Starting;

    public MeshNode(
        NodeIdentity identity, IOptions<NodeOptions> node, Listener listener, Swarm swarm, LocalRecord self, RoutingTable table, RouteCache routes,
        Topology topology, Forwarder forwarder, Broadcaster broadcaster, Membership membership, Receiver receiver, Acknowledger acknowledger, Depot depot, Outbox outbox,
        ClockGuard clockGuard, FrameDispatcher dispatcher, IMessageStore store, MeshTelemetry telemetry, ProcessResources process, NodeClock clock, IHostApplicationLifetime lifetime, ILogger<MeshNode> logger)
    {
        _listener = listener;
        _swarm = swarm;
        _self = self;
        _table = table;
        _routes = routes;
        _topology = topology;
        _forwarder = forwarder;
        _broadcaster = broadcaster;
        _membership = membership;
        _receiver = receiver;
        _acknowledger = acknowledger;
        _depot = depot;
        _outbox = outbox;
        _clockGuard = clockGuard;
        _dispatcher = dispatcher;
        _telemetry = telemetry;
        _lifetime = lifetime;
        _logger = logger;
        Info = new NodeInfo(
            identity.Address, identity.Id.ToString(), node.Value.Name, BuildInfo.Version,
            [.. listener.Advertised.Select(endpoint => endpoint.Text)], clock.GetUtcNow());
        telemetry.Observe(this, store, new DriveInfo(Path.GetFullPath(node.Value.DataDirectory)), process);
        telemetry.Observe(clock.Peers);
        telemetry.Observe(swarm.Clones);
    }

    /// <summary>Why the node stopped by itself; null if it runs or was asked to stop.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>As <see cref="Topology.Joined"/>.</summary>
    public Task Joined => _topology.Joined;

    public NodeInfo Info { get; }

    public NodeState State => _state;

    public int ConnectedPeers => _swarm.Count;

    public int RoutingTableSize => _table.Count;

    public int PendingMessages => _outbox.PendingCount;

    public TimeSpan OldestPendingMessage => _outbox.OldestPending;

    public int MembershipSize => _membership.Size;

    public uint MembershipView => _membership.ViewHash;

    public IReadOnlyList<PeerInfo> GetPeers() =>
    [
        .. _swarm.Connections.OrderBy(connection => connection.Peer).Select(connection => new PeerInfo(
            connection.Peer, connection.Record.Name, connection.Remote, connection.Outbound, connection.ConnectedAt, connection.RoundTrip,
            _broadcaster.Eager.Contains(connection.Peer), connection.BytesSent)),
    ];

    public IReadOnlyList<RouteInfo> GetRoutes()
    {
        var contacts = _table.Snapshot().Select(contact => new RouteInfo(
            contact.Record.Address, _swarm.TryGet(contact.Record.Address, out _) ? "direct" : "contact", null,
            [.. contact.Record.Endpoints.Select(endpoint => endpoint.Text)], contact.LastSeen));
        var cached = _routes.Snapshot().Where(route => route.Via != route.Destination).Select(route => new RouteInfo(
            route.Destination, "cached", route.Via, [], route.LearnedAt));
        return [.. contacts.Concat(cached).OrderBy(route => route.Address)];
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _telemetry.StartAtZero();
        _self.Advertise(_listener.Advertised);
        _swarm.Start(_dispatcher);
        _work = Task.WhenAll(
            SuperviseAsync(_forwarder.RunAsync(_stopping.Token)),
            SuperviseAsync(_broadcaster.RunAsync(_stopping.Token)),
            SuperviseAsync(_membership.RunAsync(_stopping.Token)),
            SuperviseAsync(_acknowledger.RunAsync(_stopping.Token)),
            SuperviseAsync(_depot.RunAsync(_stopping.Token)),
            SuperviseAsync(_receiver.RunAsync(_stopping.Token)),
            SuperviseAsync(_outbox.RunAsync(_stopping.Token)),
            SuperviseAsync(_topology.RunAsync(_stopping.Token)),
            SuperviseAsync(_clockGuard.RunAsync(_stopping.Token)),
            SuperviseAsync(BecomeReadyAsync()));
        return Task.CompletedTask;
    }

    /// <summary>Stops the node when a component fails, because half a node is worse than none.</summary>
    private async Task SuperviseAsync(Task part)
    {
        try
        {
            await part;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.Failed(_logger, e);
            Failure = e;
            _lifetime.StopApplication();
        }
    }

    /// <summary>Runs before the API stops: reports not ready, refuses new messages, and lets those in flight finish.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _state = NodeState.Draining;
        Log.Draining(_logger, PendingMessages);
        await _outbox.DrainAsync(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _work;
        await _swarm.StopAsync();
        Log.Stopped(_logger, PendingMessages);
    }

    public void Dispose() => _stopping.Dispose();

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task BecomeReadyAsync()
    {
        try
        {
            await _topology.Joined;
        }
        catch (OperationCanceledException)
        {
            return; // stopped before it had joined
        }
        if (_state != NodeState.Starting)
            return;
        _state = NodeState.Ready;
        Log.Ready(_logger, Info.Address, Info.Name);
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "NodeFailed", Level = LogLevel.Error, Message = "A part of the node failed, so the node stops")]
        public static partial void Failed(ILogger logger, Exception exception);

        [LoggerMessage(EventName = "NodeReady", Level = LogLevel.Information, Message = "Node is ready")]
        public static partial void Ready(ILogger logger, NodeAddress address, string nodeName);

        [LoggerMessage(EventName = "NodeDraining", Level = LogLevel.Information, Message = "Node is draining")]
        public static partial void Draining(ILogger logger, int pendingMessages);

        [LoggerMessage(EventName = "NodeStopped", Level = LogLevel.Information, Message = "Node has stopped")]
        public static partial void Stopped(ILogger logger, int pendingMessages);
    }
}
