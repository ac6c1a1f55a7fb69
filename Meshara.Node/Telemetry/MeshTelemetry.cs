using System.Diagnostics;
using System.Diagnostics.Metrics;
using Meshara.Node.Clocks;
using Meshara.Node.Health;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Node.Transport;
using Meshara.ServiceDefaults;
using Meshara.ServiceDefaults.Telemetry;

namespace Meshara.Node.Telemetry;

/// <summary>
/// The activity source and every instrument of the node; nothing else names them. docs/telemetry.md documents the names.
/// Names and units follow OpenTelemetry's conventions; the Prometheus names result from them.
/// </summary>
internal sealed partial class MeshTelemetry : IDisposable
{
    /// <summary>Name of the <see cref="Meter"/> and of the <see cref="ActivitySource"/>.</summary>
    public const string Name = "Meshara";

    // The buckets of the telemetry contract, in seconds.
    private static readonly InstrumentAdvice<double> Latency = new() { HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5] };
    private static readonly InstrumentAdvice<long> Hops = new() { HistogramBucketBoundaries = [0, 1, 2, 3, 4, 6, 8, 12, 16] };

    private readonly TraceSampling? _sampling;
    private readonly Meter _meter;
    private readonly Counter<long> _sent;
    private readonly Counter<long> _received;
    private readonly Counter<long> _forwarded;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _completed;
    private readonly Counter<long> _connectionErrors;
    private readonly Counter<long> _connectionsOpened;
    private readonly Counter<long> _connectionsClosed;
    private readonly Counter<long> _errors;
    private readonly Counter<long> _networkBytes;
    private readonly Histogram<double> _latency;
    private readonly Histogram<double> _propagation;
    private readonly Histogram<double> _handshake;
    private readonly Histogram<double> _lookupDuration;
    private readonly Histogram<long> _lookupHops;
    private readonly Histogram<long> _messageHops;

    /// <param name="meters">Creates the meter.</param>
    /// <param name="sampling">Decides which traces are recorded; null leaves that to the listeners.</param>
    public MeshTelemetry(IMeterFactory meters, TraceSampling? sampling = null)
    {
        _sampling = sampling;
        var version = BuildInfo.Version;
        Source = new ActivitySource(Name, version);
        _meter = meters.Create(Name, version);

        _sent = _meter.CreateCounter<long>("meshara.messages.sent", "{message}", "Messages this node originated and handed to a peer.");
        _received = _meter.CreateCounter<long>("meshara.messages.received", "{message}", "Messages addressed to this node that passed verification.");
        _forwarded = _meter.CreateCounter<long>("meshara.messages.forwarded", "{message}", "Messages relayed for others.");
        _dropped = _meter.CreateCounter<long>("meshara.messages.dropped", "{message}", "Messages dropped, by reason.");
        _attempts = _meter.CreateCounter<long>("meshara.delivery.attempts", "{attempt}", "Delivery attempts of private messages, by outcome.");
        _completed = _meter.CreateCounter<long>("meshara.messages.completed", "{message}", "Private messages this node accepted, by how they ended; each once.");
        _connectionErrors = _meter.CreateCounter<long>("meshara.connection.errors", "{error}", "Failed dials and handshakes, and dropped connections.");
        _connectionsOpened = _meter.CreateCounter<long>("meshara.connections.opened", "{connection}", "Authenticated peer connections opened.");
        _connectionsClosed = _meter.CreateCounter<long>("meshara.connections.closed", "{connection}", "Authenticated peer connections closed.");
        _errors = _meter.CreateCounter<long>("meshara.errors", "{error}", "Errors by type.");
        _networkBytes = _meter.CreateCounter<long>("meshara.network", "By", "Bytes on the wire of peer connections.");
        _latency = _meter.CreateHistogram("meshara.message.latency", "s", "From acceptance by the sender until the signed acknowledgment is verified.", advice: Latency);
        _propagation = _meter.CreateHistogram("meshara.broadcast.propagation", "s", "From the origin's clock to local delivery of a broadcast.", advice: Latency);
        _handshake = _meter.CreateHistogram("meshara.handshake.duration", "s", "From TCP connect to an authenticated peer.", advice: Latency);
        _lookupDuration = _meter.CreateHistogram("meshara.dht.lookup.duration", "s", "Duration of iterative lookups.", advice: Latency);
        _lookupHops = _meter.CreateHistogram("meshara.dht.lookup.hops", "{hop}", "Rounds of queries a lookup needed.", advice: Hops);
        _messageHops = _meter.CreateHistogram("meshara.message.hops", "{hop}", "Relays a message went through, on arrival.", advice: Hops);

        _sentMessages = _meter.CreateCounter<long>("messaging.client.sent.messages", "{message}", "Messages this node's users sent, by how they ended.");
        _operationDuration = _meter.CreateHistogram("messaging.client.operation.duration", "s", "From acceptance of a message until it ended.", advice: OperationTimes);
        _processDuration = _meter.CreateHistogram("messaging.process.duration", "s", "Handling of a message that arrived.", advice: OperationTimes);
    }

    /// <summary>The source of every span.</summary>
    public ActivitySource Source { get; }

    /// <summary>Registers the observable instruments, which are read rather than counted.</summary>
    public void Observe(INodeView node, IMessageStore store, DriveInfo volume, ProcessResources process)
    {
        _meter.CreateObservableGauge("meshara.connected_peers", () => node.ConnectedPeers, "{peer}", "Live authenticated peer connections.");
        _meter.CreateObservableGauge("meshara.routing_table.size", () => node.RoutingTableSize, "{contact}", "Contacts in the routing table.");
        _meter.CreateObservableGauge("meshara.message_queue.size", () => node.PendingMessages, "{message}", "Accepted messages not yet acknowledged.");
        _meter.CreateObservableGauge("meshara.oldest_pending_message", () => node.OldestPendingMessage.TotalSeconds, "s", "Age of the oldest unacknowledged message.");
        _meter.CreateObservableGauge("meshara.membership.size", () => node.MembershipSize, "{node}", "Nodes this node believes alive, itself included.");
        // The hash is the value and not a label: as a label, every past view would leave a series behind.
        _meter.CreateObservableGauge("meshara.membership.view", () => (long)node.MembershipView, description: "Hash of the set of nodes believed alive.");
        _meter.CreateObservableGauge("meshara.build_info",
            () => new Measurement<int>(1, new("version", BuildInfo.Version), new("revision", BuildInfo.Revision)), description: "The version that runs; always 1.");
        _meter.CreateObservableGauge("meshara.storage.free", () => volume.AvailableFreeSpace, "By", "Free space on the volume of the data directory.");
        _meter.CreateObservableGauge("meshara.storage.size", () => volume.TotalSize, "By", "Size of the volume of the data directory.");
        _meter.CreateObservableGauge("meshara.storage.state", () => States(store.State), description: "1 for the state that the storage is in, 0 for the others.");
        _meter.CreateObservableCounter("meshara.inbox.evictions", () => Evictions(store.Evictions), "{message}", "Messages that left the inbox without being removed by a reader.");
        ObserveProcess(process);
    }

    /// <summary>Registers the gauge of clock skew; it has no value while no peer's clock is known.</summary>
    public void Observe(PeerClocks clocks) => _meter.CreateObservableGauge(
        "meshara.clock.skew", () => clocks.Skew is { } skew ? [new Measurement<double>(skew.Median.TotalSeconds)] : Array.Empty<Measurement<double>>(),
        "s", "Median by which this node's clock is ahead of its peers'.");

    /// <summary>Registers the gauge of identities that two programs use at once.</summary>
    public void Observe(Clones clones) => _meter.CreateObservableGauge(
        "meshara.identity.clones", () => (Measurement<int>[])[new(clones.Own, Tags.OwnIdentity), new(clones.Peers, Tags.PeersIdentity)],
        "{identity}", "Identities that were seen with two programs at once.");

    /// <summary>Registers the gauge of the health checks' results.</summary>
    public void Observe(HealthStates health) => _meter.CreateObservableGauge(
        "meshara.health.status", health.Measure, description: "What a health check says: 1 healthy, 0.5 degraded, 0 unhealthy.");

    private static Measurement<int>[] States(StorageState state) =>
        [.. Enum.GetValues<StorageState>().Select(each => new Measurement<int>(each == state ? 1 : 0, Tags.State(each)))];

    private static Measurement<long>[] Evictions(InboxEvictions evictions) =>
    [
        new(evictions.Read, new KeyValuePair<string, object?>("kind", "read")),
        new(evictions.Unread, new KeyValuePair<string, object?>("kind", "unread")),
        new(evictions.Broadcasts, new KeyValuePair<string, object?>("kind", "broadcast")),
    ];

    private void ObserveProcess(ProcessResources process)
    {
        // Disk traffic is left out where the platform has no figure: alerts would believe a zero.
        _meter.CreateObservableGauge("meshara.memory.usage", () => process.WorkingSetBytes, "By", "Working set of the process.");
        _meter.CreateObservableGauge("meshara.memory.limit", () => process.MemoryLimitBytes, "By", "Memory the process may have: its container's limit, or the machine's memory.");
        _meter.CreateObservableGauge("meshara.cpu.usage", () => process.CpuPercent, "%", "CPU of the process since the last reading; 100 is one core.");
        if (process.StorageIoUnavailable is null)
        {
            _meter.CreateObservableCounter("meshara.disk.io", () => process.StorageIo is { } io
                ? [new Measurement<long>(io.ReadBytes, Tags.Read), new Measurement<long>(io.WrittenBytes, Tags.Write)]
                : Array.Empty<Measurement<long>>(), "By", "Bytes the process read from and wrote to storage.");
        }
    }

    public void Sent(KeyValuePair<string, object?> type) => _sent.Add(1, type);

    public void Received(KeyValuePair<string, object?> type) => _received.Add(1, type);

    public void Forwarded(MessageType type) => _forwarded.Add(1, Tags.Of(type));

    public void Dropped(KeyValuePair<string, object?> reason) => _dropped.Add(1, reason);

    public void Attempt(KeyValuePair<string, object?> outcome) => _attempts.Add(1, outcome);

    public void Completed(KeyValuePair<string, object?> outcome) => _completed.Add(1, outcome);

    public void Error(KeyValuePair<string, object?> type) => _errors.Add(1, type);

    public void ConnectionError(string reason) => _connectionErrors.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void ConnectionOpened(bool outbound, TimeSpan handshake)
    {
        _connectionsOpened.Add(1, Tags.Direction(outbound));
        _handshake.Record(handshake.TotalSeconds, Tags.Direction(outbound));
    }

    public void ConnectionClosed(bool outbound, string reason) =>
        _connectionsClosed.Add(1, Tags.Direction(outbound), new KeyValuePair<string, object?>("reason", reason));

    public void BytesIn(int bytes) => _networkBytes.Add(bytes, Tags.In);

    public void BytesOut(int bytes) => _networkBytes.Add(bytes, Tags.Out);

    public void MessageLatency(TimeSpan latency) => _latency.Record(latency.TotalSeconds, Tags.Private);

    public void BroadcastPropagation(TimeSpan time) => _propagation.Record(Math.Max(0, time.TotalSeconds));

    public void MessageHops(MessageType type, uint hops) => _messageHops.Record(hops, Tags.Of(type));

    public void Lookup(bool found, TimeSpan duration, int rounds)
    {
        var result = found ? Tags.Found : Tags.NotFound;
        _lookupDuration.Record(duration.TotalSeconds, result);
        _lookupHops.Record(rounds, result);
    }

    public void Dispose()
    {
        Source.Dispose();
        _meter.Dispose();
    }
}
