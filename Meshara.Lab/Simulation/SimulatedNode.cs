using System.Net;
using Meshara.Node;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Transport;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Lab.Simulation;

/// <summary>
/// One node of a simulation: the classes of a real node over a simulated network, with messages in memory. Not simulated are
/// TLS, sockets, the HTTP API, SQLite and wrong clocks.
/// </summary>
internal sealed class SimulatedNode : IFrameHandler, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Environment _environment;
    private readonly NodeIdentity _identity;
    private readonly NodeClock _clock;
    private readonly LocalRecord _record;
    private readonly Listener _listener;
    private readonly Forwarder _forwarder;
    private readonly Acknowledger _acknowledger;
    private readonly Depot _depot;
    private readonly Receiver _receiver;
    private readonly Topology _topology;
    private readonly FrameDispatcher _dispatcher;
    private readonly Hostility? _hostility;

    /// <param name="identity">The node's keys.</param>
    /// <param name="number">Counts the nodes of the simulation; gives its IP address.</param>
    /// <param name="bootstrap">Where it finds the mesh.</param>
    /// <param name="traits">What kind of node it is.</param>
    /// <param name="environment">What all nodes share.</param>
    public SimulatedNode(NodeIdentity identity, int number, IReadOnlyList<string> bootstrap, NodeTraits traits, Environment environment)
    {
        _environment = environment;
        _identity = identity;
        Number = number;
        Traits = traits;
        Address = identity.Address;
        Context = new NodeContext(environment.Network.Time);
        Place = environment.Network.NewPlace();
        Endpoint = new IPEndPoint(new IPAddress([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number]), 8443);
        _clock = NodeClock.Of(Context.Clock);
        var (settings, telemetry) = (environment.Settings, environment.Telemetry);
        _record = new LocalRecord(identity, $"node-{number}", _clock);
        Swarm = new Swarm(
            identity, _record, settings.Transport, telemetry, _clock, NullLogger<Swarm>.Instance, new SimulatedNetwork(this, environment.Network));
        _listener = new Listener(Endpoint, traits.IsHidden ? [] : [PeerEndpoint.Tcp(Endpoint.Address.ToString(), Endpoint.Port)]);
        var routing = settings.Routing.Value;
        Table = new RoutingTable(identity.Id, routing.BucketSize, _clock);
        var book = new PeerBook(identity.Id, routing.MaxRecords, _clock);
        var routes = new RouteCache(routing.RouteLifetime, _clock);
        Dht = new Dht(identity, _record, Swarm, Table, book, settings.Routing, telemetry, _clock, NullLogger<Dht>.Instance);
        var finder = new RouteFinder(Swarm, Dht, book, routes);
        var verified = new VerifiedBatches(_clock);
        var router = new Router(finder, Swarm, routes, telemetry);
        _forwarder = new Forwarder(identity, finder, routes, verified, Swarm, settings.Delivery, telemetry, _clock, NullLogger<Forwarder>.Instance);
        Store = new MemoryMessageStore(settings.Storage, settings.Delivery, _clock);
        Broadcaster = new Broadcaster(identity, Swarm, Store, settings.Gossip, telemetry, _clock, NullLogger<Broadcaster>.Instance);
        Membership = environment.HasMembership ? new Membership(identity, Swarm, settings.Gossip, telemetry, _clock) : null;
        _acknowledger = new Acknowledger(identity, router, telemetry, _clock, NullLogger<Acknowledger>.Instance);
        _depot = new Depot(identity, Swarm, Dht, Store, verified, settings.Delivery, telemetry, _clock, NullLogger<Depot>.Instance);
        Outbox = new Outbox(
            identity, router, _forwarder, Dht, book, Swarm, Broadcaster, new Sealer(identity, settings.Sealing, _clock), _depot, Store, settings.Delivery,
            settings.Storage, telemetry, new MessageLog(NullLogger<MessageLog>.Instance), _clock, NullLogger<Outbox>.Instance);
        _receiver = new Receiver(
            identity, _forwarder, Broadcaster, Outbox, _acknowledger, new Opener(identity, _clock), verified, routes, Store, settings.Delivery,
            telemetry, _clock, NullLogger<Receiver>.Instance);
        _dispatcher = new FrameDispatcher(Dht, _forwarder, Broadcaster, Membership, _depot, _receiver, Swarm);
        _topology = new Topology(
            identity, Options.Create(new MeshOptions { Bootstrap = bootstrap }), _listener, environment.Bootstrap, _record, Swarm, Dht, Table, routes, Store,
            settings.Routing, telemetry, _clock, NullLogger<Topology>.Instance);
        _hostility = traits.IsHostile ? environment.Hostility : null;
    }

    public int Number { get; }

    public NodeTraits Traits { get; }

    public NodeAddress Address { get; }

    public NodeContext Context { get; }

    public TimeProvider Clock => Context.Clock;

    /// <summary>Its place in the <see cref="NetworkModel"/>.</summary>
    public int Place { get; }

    public IPEndPoint Endpoint { get; }

    public Swarm Swarm { get; }

    public RoutingTable Table { get; }

    public Dht Dht { get; }

    public Broadcaster Broadcaster { get; }

    public Membership? Membership { get; }

    public Outbox Outbox { get; }

    public MemoryMessageStore Store { get; }

    public PeerRecord Record => _record.Current;

    /// <summary>False after <see cref="Crash"/>.</summary>
    public bool IsAlive => !Context.IsGone;

    /// <summary>True once it has joined the mesh.</summary>
    public bool HasJoined => _topology.Joined.IsCompletedSuccessfully;

    /// <summary>Bytes of frames that it wrote.</summary>
    public long BytesSent { get; set; }

    /// <summary>Broadcasts that arrived, copies included.</summary>
    public long BroadcastsReceived { get; private set; }

    /// <summary>Starts everything, in the order in which a real node does.</summary>
    public void Start() => Context.Send(_ =>
    {
        if (!Traits.IsHidden)
            _environment.Network.Listen(this);
        _record.Advertise(_listener.Advertised);
        Swarm.Start(this);
        var stopping = _stopping.Token;
        Task[] parts =
        [
            _forwarder.RunAsync(stopping), Broadcaster.RunAsync(stopping), Membership?.RunAsync(stopping) ?? Task.CompletedTask, _acknowledger.RunAsync(stopping),
            _depot.RunAsync(stopping), _receiver.RunAsync(stopping), Outbox.RunAsync(stopping), _topology.RunAsync(stopping),
        ];
        foreach (var part in parts)
            Watch(part);
    }, null);

    /// <summary>Ends the node as a killed process ends: its connections are reset, and it tells nobody.</summary>
    public void Crash()
    {
        Context.Crash();
        foreach (var connection in Swarm.Connections)
            connection.Dispose();
    }

    /// <summary>This node's end of a connection that it dialled.</summary>
    public PeerConnection Connect(SimulatedStream stream, SimulatedNode other, ulong dial) => Open(stream, other, isOutbound: true, dial);

    /// <summary>This node's end of a connection that another node dialled.</summary>
    public PeerConnection Accept(SimulatedStream stream, SimulatedNode other, ulong dial) => Open(stream, other, isOutbound: false, dial);

    public ValueTask HandleAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken)
    {
        if (frame is { BodyCase: Frame.BodyOneofCase.Envelope, Envelope.Type: Node.Protocol.Wire.MessageType.Broadcast })
            BroadcastsReceived++;
        return _hostility?.TryHandle(this, connection, frame) == true ? ValueTask.CompletedTask : _dispatcher.HandleAsync(connection, frame, cancellationToken);
    }

    public void Dispose()
    {
        Swarm.Dispose();
        Outbox.Dispose();
        _receiver.Dispose();
        _identity.Dispose();
        _stopping.Dispose();
    }

    private PeerConnection Open(SimulatedStream stream, SimulatedNode other, bool isOutbound, ulong dial)
    {
        var transport = _environment.Settings.Transport.Value;
        if (!PeerRecord.TryVerifyOwn(other.Record.Wire, other.Address, _clock.Steady, out var record))
            throw new InvalidOperationException($"The record of node {other.Number} is not valid.");
        var link = new PeerLink(stream, stream.EndSending, other.Endpoint.ToString(), $"{other.Number}", other.Endpoint.Address, isOutbound, dial);
        var connection = new PeerConnection(
            link, new FrameReader(stream, transport.MaxFrameBytes), new FrameWriter(stream, transport.SendBufferBytes, _clock), record, transport,
            _environment.Telemetry, _clock) { Version = ProtocolVersions.Own.Newest };
        connection.ReadClock(other._clock.ToWire(), TimeSpan.Zero);
        return connection;
    }

    /// <summary>A part that fails is a defect, and ends the simulation.</summary>
    private static async void Watch(Task part) => await part;

    /// <summary>What all nodes of a simulation share.</summary>
    internal sealed record Environment(
        NetworkModel Network, SimulatedSettings Settings, Meshara.Node.Telemetry.MeshTelemetry Telemetry, BootstrapResolver Bootstrap, Hostility Hostility,
        bool HasMembership);
}
