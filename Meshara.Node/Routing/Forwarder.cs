using System.Diagnostics;
using System.Threading.Channels;
using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Node.Routing;

/// <summary>
/// Relays messages for others hop by hop, never back to a node they have visited and never beyond their hop limit. A message
/// that cannot be passed on is reported to the previous hop, so that the sender need not wait for a timeout. Workers verify and
/// pass on without waiting; a message that needs a dial or room in a send buffer waits in the queue of its next hop.
/// </summary>
internal sealed partial class Forwarder
{
    private const int QueueLength = 1024;
    private const int MaxHopsTried = 3;

    // Bytes waiting to be verified.
    private const long MaxUnverified = 4 * 1024 * 1024;

    // Bytes that may wait for one next hop, and for all of them.
    private const int MaxWaitingForOne = 4 * 1024 * 1024;
    private const int MaxWaiting = 16 * 1024 * 1024;

    // The share of it that may come from one peer.
    private const int MaxWaitingFromOne = 4 * 1024 * 1024;
    private static readonly long MaxWaitingFromNetwork = Source.ShareOfNetwork(MaxWaiting, MaxWaitingFromOne);

    // Workers are CPU-bound: they only verify.
    private static readonly int Workers = Math.Max(2, Environment.ProcessorCount);

    private readonly NodeIdentity _identity;
    private readonly RouteFinder _finder;
    private readonly RouteCache _routes;
    private readonly VerifiedBatches _verified;
    private readonly Swarm _swarm;
    private readonly MeshTelemetry _telemetry;
    private readonly NodeClock _clock;
    private readonly TimeSpan _longestLife;
    private readonly ILogger<Forwarder> _logger;
    private readonly Channel<Job> _queue = Channel.CreateBounded<Job>(new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.Wait });
    private readonly ByteRoom _room = new(MaxUnverified);
    private readonly PeerQueues<Relayed> _waiting;
    private readonly RecentMap<MessageId, NodeAddress> _cameFrom;

    public Forwarder(
        NodeIdentity identity, RouteFinder finder, RouteCache routes, VerifiedBatches verified, Swarm swarm, IOptions<DeliveryOptions> delivery,
        MeshTelemetry telemetry, TimeProvider time, ILogger<Forwarder> logger)
    {
        _identity = identity;
        _finder = finder;
        _routes = routes;
        _verified = verified;
        _swarm = swarm;
        _telemetry = telemetry;
        _clock = NodeClock.Of(time);
        _longestLife = delivery.Value.MaxTimeToLive;
        _logger = logger;
        _cameFrom = new RecentMap<MessageId, NodeAddress>(20_000, TimeSpan.FromMinutes(2), time);
        _waiting = new PeerQueues<Relayed>(
            MaxWaitingForOne, MaxWaiting, PassOnLaterAsync, (_, e) => OnFailure(default, e), MaxWaitingFromOne, MaxWaitingFromNetwork);
    }

    /// <summary>Raised when a relay could not pass on a message of this node.</summary>
    public event Action<MessageId, NodeAddress>? OwnMessageReturned;

    /// <summary>
    /// Takes a message for another node. Waits while many are being verified, which slows down the peer it comes from.
    /// Connections take turns, so that a peer that floods this node does not make it drop messages from others.
    /// </summary>
    public ValueTask AcceptAsync(Envelope envelope, Source from, CancellationToken cancellationToken)
    {
        if (envelope.HopCount + 1 > envelope.Wire.HopLimit)
            _telemetry.Dropped(DropReason.HopLimit);
        else if (!envelope.Arrive(_clock.Steady, _longestLife))
            _telemetry.Dropped(DropReason.Expired);
        else
            return QueueAsync(new Job(envelope, from), cancellationToken);
        return ValueTask.CompletedTask;
    }

    private async ValueTask QueueAsync(Job job, CancellationToken cancellationToken)
    {
        await _room.EnterAsync(job.Bytes, cancellationToken);
        try
        {
            await _queue.Writer.WriteAsync(job, cancellationToken);
        }
        catch
        {
            _room.Leave(job.Bytes); // the connection or the node has ended
            throw;
        }
    }

    /// <summary>Handles the report of a next hop that could not pass a message on.</summary>
    public void OnUndeliverable(Undeliverable undeliverable, NodeAddress from)
    {
        if (undeliverable.Id.Length != MessageId.Size || undeliverable.Sender.Length != NodeAddress.Size || undeliverable.Recipient.Length != NodeAddress.Size)
            throw new MesharaException(ErrorCodes.Protocol, "A report of an undeliverable message is malformed.");
        var id = new MessageId(undeliverable.Id.Span);
        var recipient = new NodeAddress(undeliverable.Recipient.Span);
        if (_routes.TryGet(recipient, out var via) && via == from)
            _routes.Forget(recipient);
        if (new NodeAddress(undeliverable.Sender.Span) == _identity.Address)
            OwnMessageReturned?.Invoke(id, from);
        else if (_cameFrom.TryGet(id, out var previous) && _swarm.TryGet(previous, out var connection))
            connection.TrySendUrgent(new Frame { Undeliverable = undeliverable });
    }

    /// <summary>Relays until cancelled.</summary>
    public Task RunAsync(CancellationToken stopping) =>
        Task.WhenAll([.. Enumerable.Range(0, Workers).Select(_ => WorkAsync(stopping)), _waiting.RunAsync(stopping)]);

    private async Task WorkAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var job in _queue.Reader.ReadEachAsync(stopping))
            {
                try
                {
                    Forward(job);
                }
                catch (Exception e)
                {
                    OnFailure(job.Envelope.Id, e);
                }
                _room.Leave(job.Bytes);
                Activity.Current = null; // the span of a waiting message continues without this worker
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping; senders retry the messages that wait.
        }
    }

    /// <summary>Reports a defect in this program without losing a worker to it.</summary>
    private void OnFailure(MessageId id, Exception e)
    {
        _telemetry.Error(ErrorType.Routing);
        Log.ForwardFailed(_logger, id, e);
    }

    private void Forward(Job job)
    {
        var (envelope, from) = job;
        var span = _telemetry.Begin(SpanNames.ForwardMessage, ActivityKind.Internal, TraceContext.Read(envelope.Wire.TraceContext), out var trace);
        span?.SetTag("message_id", envelope.Id.ToString()).SetTag("hops", envelope.HopCount);
        if (!envelope.HasValidSignature(_verified))
        {
            _telemetry.Dropped(DropReason.BadSignature);
            _telemetry.Error(ErrorType.Crypto);
            span.Fail("bad_signature");
            span?.Dispose();
            return;
        }
        _routes.Learn(envelope, from.Peer);
        var frame = new Frame { Envelope = envelope.NextHop(_identity.Address, trace, _clock.Steady) };
        PassOn(new Relayed(envelope, from, frame, [from.Peer, envelope.Sender, _identity.Address], span));
    }

    /// <summary>Hands a message to the best hop not tried yet, or to the queue of that hop.</summary>
    private void PassOn(Relayed message)
    {
        while (message.HopsTried < MaxHopsTried)
        {
            if (FindNext(message) is not { } hop)
                break;
            message.Tried.Add(hop.Peer);
            message.HopsTried++;
            if (_swarm.TryGet(hop.Peer, out var connection) && TrySendAtOnce(connection, message))
            {
                OnPassedOn(message, hop.Peer);
                return;
            }
            if (_waiting.TryAdd(hop.Peer, message with { Hop = hop }, message.Frame.CalculateSize(), message.From))
                return;
            _telemetry.Dropped(DropReason.QueueFull);
            // The recipient itself is too slow. Other routes end at the same recipient, so they would carry the message in
            // vain.
            if (hop.Peer == message.Envelope.Recipient)
                break;
        }
        Return(message);
    }

    private Hop? FindNext(Relayed message) =>
        _finder.Find(message.Envelope.Recipient, peer => message.Tried.Contains(peer) || message.Envelope.HasVisited(peer), rotation: 0);

    /// <summary>Acknowledgments go ahead of messages; a message queues behind those already waiting.</summary>
    private bool TrySendAtOnce(PeerConnection connection, Relayed message) => message.Envelope.Type == MessageType.Ack
        ? connection.TrySendUrgent(message.Frame) > 0
        : !_waiting.Contains(connection.Peer) && connection.TrySend(message.Frame) > 0;

    /// <summary>Passes a message on once its next hop is connected and has room; if that fails, tries another hop.</summary>
    private async Task PassOnLaterAsync(NodeAddress peer, Relayed message, CancellationToken cancellationToken)
    {
        if (message.Envelope.Ends <= _clock.Steady)
        {
            _telemetry.Dropped(DropReason.Expired);
            message.Span.Fail("expired");
            message.Span?.Dispose();
        }
        else if (await TrySendAsync(message, cancellationToken))
            OnPassedOn(message, peer);
        else if (message.Hop is { Dial: null } && peer == message.Envelope.Recipient)
            Return(message); // it was connected and has left; its sender may find it elsewhere
        else
            PassOn(message);
    }

    private async Task<bool> TrySendAsync(Relayed message, CancellationToken cancellationToken)
    {
        try
        {
            if (!_swarm.TryGet(message.Hop.Peer, out var connection))
            {
                if (message.Hop.Dial is null || !_swarm.MayDial(message.Hop.Dial))
                    return false;
                connection = await _swarm.ConnectAsync(message.Hop.Dial, cancellationToken);
            }
            Envelope.SetAge(message.Frame.Envelope, message.Envelope.Born, _clock.Steady);
            return await connection.SendAsync(message.Frame, cancellationToken) > 0;
        }
        catch (MesharaException)
        {
            return false; // the swarm has logged and counted it; another hop may work
        }
    }

    private void OnPassedOn(Relayed message, NodeAddress peer)
    {
        _cameFrom.Set(message.Envelope.Id, message.From.Peer);
        _telemetry.Forwarded(message.Envelope.Type);
        message.Span?.SetTag("peer", peer.ToString());
        message.Span?.Dispose();
    }

    private void Return(Relayed message)
    {
        _telemetry.Error(ErrorType.Routing);
        message.Span.Fail("no_route");
        message.Span?.Dispose();
        if (!_swarm.TryGet(message.From.Peer, out var connection))
            return;
        connection.TrySendUrgent(new Frame
        {
            Undeliverable = new Undeliverable
            {
                Id = message.Envelope.Wire.Id,
                Sender = message.Envelope.Wire.Sender,
                Recipient = UnsafeByteOperations.UnsafeWrap(message.Envelope.Recipient.ToBytes()),
            },
        });
    }

    private readonly record struct Job(Envelope Envelope, Source From)
    {
        public int Bytes => Envelope.Wire.Payload.Length;
    }

    /// <summary>A verified message on its way to a next hop.</summary>
    private sealed record Relayed(Envelope Envelope, Source From, Frame Frame, HashSet<NodeAddress> Tried, Activity? Span)
    {
        public int HopsTried { get; set; }

        /// <summary>The next hop it waits for.</summary>
        public Hop Hop { get; init; }
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "ForwardFailed", Level = LogLevel.Error, Message = "Relaying a message failed unexpectedly")]
        public static partial void ForwardFailed(ILogger logger, MessageId messageId, Exception exception);
    }
}
