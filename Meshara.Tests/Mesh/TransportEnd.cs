using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MessageType = Meshara.Node.Protocol.Wire.MessageType;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Mesh;

/// <summary>Only the transport of a node, with real TLS on loopback, and a handler that records incoming frames.</summary>
internal sealed class TransportEnd : IFrameHandler, IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeshTelemetry _telemetry;
    private readonly LocalRecord _record;

    public TransportEnd(TransportOptions? options = null, NodeIdentity? identity = null, TimeProvider? time = null)
    {
        Options = options ?? new TransportOptions();
        Identity = identity ?? NodeIdentity.Generate();
        var meters = _services.GetRequiredService<IMeterFactory>();
        _telemetry = new MeshTelemetry(meters);
        Metrics = new MetricLog(meters);
        _record = new LocalRecord(Identity, "transport", time ?? TimeProvider.System);
        Swarm = new Swarm(Identity, _record, Microsoft.Extensions.Options.Options.Create(Options), _telemetry, time ?? TimeProvider.System, NullLogger<Swarm>.Instance);
        Endpoint = Swarm.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        _record.Advertise([PeerEndpoint.Tcp("127.0.0.1", Endpoint.Port)]);
        Swarm.Connected += _ => Interlocked.Increment(ref _connects);
        Swarm.Disconnected += _ => Interlocked.Increment(ref _disconnects);
        Swarm.Start(this);
    }

    private int _connects;
    private int _disconnects;

    public TransportOptions Options { get; }

    public NodeIdentity Identity { get; }

    public MetricLog Metrics { get; }

    public Swarm Swarm { get; }

    public IPEndPoint Endpoint { get; }

    public PeerRecord Record => _record.Current;

    public ConcurrentQueue<(NodeAddress From, Frame Frame)> Frames { get; } = new();

    public int Connects => Volatile.Read(ref _connects);

    public int Disconnects => Volatile.Read(ref _disconnects);

    /// <summary>Called with each frame after it is recorded; does nothing by default.</summary>
    public Func<PeerConnection, Frame, ValueTask> OnFrame { get; set; } = (_, _) => ValueTask.CompletedTask;

    public ValueTask HandleAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken)
    {
        Frames.Enqueue((connection.Peer, frame));
        return OnFrame(connection, frame);
    }

    public Task<PeerConnection> ConnectAsync(TransportEnd other) =>
        Eventually.InTimeAsync(Swarm.ConnectAsync(other.Record, TestContext.Current.CancellationToken));

    /// <summary>Connects to a full node.</summary>
    public Task<PeerConnection> ConnectAsync(MeshPeer node) =>
        Eventually.InTimeAsync(Swarm.ConnectAsync(node.Bound, TestContext.Current.CancellationToken));

    /// <summary>Connects to a full node, and waits until the node has registered the connection, too.</summary>
    public async Task<PeerConnection> JoinAsync(MeshPeer node)
    {
        var connection = await ConnectAsync(node);
        await Eventually.TrueAsync(() => node.Swarm.TryGet(Identity.Address, out _), "the node is connected, too");
        return connection;
    }

    /// <summary>The received envelopes of one type.</summary>
    public IReadOnlyList<Frame> Envelopes(MessageType type) =>
        [.. Frames.Select(entry => entry.Frame).Where(frame => frame.BodyCase == Frame.BodyOneofCase.Envelope && frame.Envelope.Type == type)];

    /// <summary>True if a private message for this end has arrived; messages to be relayed may arrive as well.</summary>
    public bool HasReceived() => Envelopes(MessageType.Private).Any(frame => frame.Envelope.Recipient.Span.SequenceEqual(Identity.Address.ToBytes()));

    public bool IsConnectedTo(TransportEnd other) => Swarm.TryGet(other.Identity.Address, out _);

    /// <summary>A frame with a number, to which no part of the transport responds.</summary>
    public static Frame Numbered(int number, int padding = 0)
    {
        var frame = new Frame { Want = new Want() };
        frame.Want.Keys.Add(Google.Protobuf.ByteString.CopyFrom(BitConverter.GetBytes(number)));
        if (padding > 0)
            frame.Want.Keys.Add(Google.Protobuf.ByteString.CopyFrom(new byte[padding]));
        return frame;
    }

    public IReadOnlyList<int> NumbersFrom(TransportEnd other) =>
        [.. Frames.Where(entry => entry.From == other.Identity.Address).Select(entry => BitConverter.ToInt32(entry.Frame.Want.Keys[0].Span))];

    public async ValueTask DisposeAsync()
    {
        await Swarm.StopAsync().WaitAsync(Eventually.Deadline);
        Swarm.Dispose();
        Metrics.Dispose();
        _telemetry.Dispose();
        await _services.DisposeAsync();
        Identity.Dispose();
    }
}
