using System.Diagnostics;
using System.Threading.Channels;
using Meshara.Node.Clocks;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Node.Delivery;

/// <summary>
/// Takes envelopes from connections. A few workers verify, open, deliver and answer those for this node; others are passed on.
/// When the queue is full, connections wait, which slows their peers down.
/// </summary>
internal sealed partial class Receiver(
    NodeIdentity identity, Forwarder forwarder, Broadcaster broadcaster, Outbox outbox, Acknowledger acknowledger, Opener opener, VerifiedBatches verified, RouteCache routes,
    IMessageStore store, IOptions<DeliveryOptions> options, MeshTelemetry telemetry, TimeProvider time, ILogger<Receiver> logger) : IDisposable
{
    private const int QueueLength = 1024;

    // Bytes waiting or being handled.
    private const long MaxUnhandled = 8 * 1024 * 1024;

    // Messages that a worker has given to the store and that are not committed yet.
    private const int MaxUncommitted = 512;

    private readonly DeliveryOptions _options = options.Value;
    private readonly NodeClock _clock = NodeClock.Of(time);
    private readonly string _address = identity.Address.ToString();
    private readonly Channel<Arrival> _queue = Channel.CreateBounded<Arrival>(QueueLength);
    private readonly ByteRoom _room = new(MaxUnhandled);

    // Limits the envelopes handled on the threads that read them.
    private readonly SemaphoreSlim _slots = new(MaxUncommitted);
    private CancellationToken _stopping;
    private ExecutionContext _context = null!;
    private volatile bool _isRunning;

    /// <summary>Takes an envelope from a connection.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Protocol"/> if it is malformed.</exception>
    public ValueTask AcceptAsync(PeerConnection connection, Protocol.Wire.Envelope wire, CancellationToken cancellationToken)
    {
        var envelope = Parse(wire);
        var from = connection.Source;
        if (envelope.Type == MessageType.Broadcast && envelope.Wire.Payload.Length > _options.MaxMessageBytes)
        {
            telemetry.Dropped(DropReason.Oversize);
            broadcaster.Skip(envelope);
            return ValueTask.CompletedTask;
        }
        if (envelope.Type == MessageType.Broadcast ? !broadcaster.IsNews(envelope, from.Peer) : IsOwn(envelope))
            return ValueTask.CompletedTask;
        if (envelope.Type != MessageType.Broadcast && envelope.Recipient != identity.Address)
            return forwarder.AcceptAsync(envelope, from, cancellationToken);
        var arrival = new Arrival(envelope, from, _clock.GetUtcNow(), null);
        return TryHandleHere(connection, arrival) ? ValueTask.CompletedTask : QueueAsync(arrival, cancellationToken);
    }

    private async ValueTask QueueAsync(Arrival arrival, CancellationToken cancellationToken)
    {
        var queued = arrival with { Room = arrival.Envelope.Wire.Payload.Length };
        await _room.EnterAsync(queued.Room, cancellationToken);
        try
        {
            await _queue.Writer.WriteAsync(queued, cancellationToken);
        }
        catch
        {
            _room.Leave(queued.Room); // the connection or the node has ended
            throw;
        }
    }

    /// <summary>Drops a message of this node's own that has come back.</summary>
    private bool IsOwn(Envelope envelope)
    {
        if (envelope.Sender != identity.Address)
            return false;
        telemetry.Dropped(DropReason.Duplicate);
        return true;
    }

    /// <summary>
    /// Handles a lone envelope on the thread that read it: nothing queues behind it, and waking another thread would take
    /// longer.
    /// </summary>
    private bool TryHandleHere(PeerConnection connection, Arrival arrival)
    {
        if (!_isRunning || connection.HasMore || _queue.Reader.Count > 0 || !_slots.Wait(0, CancellationToken.None))
            return false;
        // Run in the receiver's own context, as a worker would: the connection may have been opened on behalf of something
        // else.
        ExecutionContext.Run(_context, static state =>
        {
            var (receiver, arrival) = ((Receiver, Arrival))state!;
            _ = receiver.HandleAsync(arrival, receiver._slots, receiver._stopping); // never fails
        }, (this, arrival));
        return true;
    }

    /// <summary>Takes a message that a relay kept for this node; the relay is told once it is stored here.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Protocol"/> if it is malformed or for another node.</exception>
    public ValueTask AcceptHandoverAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken)
    {
        var envelope = Parse(frame.Handover.Envelope);
        if (envelope.Type != MessageType.Private || envelope.Recipient != identity.Address)
            throw new MesharaException(ErrorCodes.Protocol, "A kept message was handed over to the wrong node.");
        return QueueAsync(new Arrival(envelope, connection.Source, _clock.GetUtcNow(), new Handed(connection, frame.Correlation)), cancellationToken);
    }

    /// <summary>Works until cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        _stopping = stopping;
        _context = ExecutionContext.Capture()!;
        _isRunning = true;
        await Task.WhenAll(Enumerable.Range(0, Math.Max(2, Environment.ProcessorCount)).Select(_ => WorkAsync(stopping)));
        await DrainAsync(_slots);
    }

    public void Dispose() => _slots.Dispose();

    /// <summary>
    /// Each worker verifies and opens one message after another without waiting for the store, so that many messages share a
    /// commit. The number of uncommitted messages is bounded.
    /// </summary>
    private async Task WorkAsync(CancellationToken stopping)
    {
        using var slots = new SemaphoreSlim(MaxUncommitted);
        try
        {
            await foreach (var arrival in _queue.Reader.ReadEachAsync(stopping))
            {
                await slots.WaitAsync(stopping);
                var handling = HandleAsync(arrival, slots, stopping);
                if (handling.IsCompleted)
                    await handling;
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping; unacknowledged messages are sent again.
        }
        await DrainAsync(slots);
    }

    /// <summary>Waits until nothing is being handled, and prevents anything new from starting.</summary>
    private static async Task DrainAsync(SemaphoreSlim slots)
    {
        for (var i = 0; i < MaxUncommitted; i++)
            await slots.WaitAsync(CancellationToken.None);
    }

    private async Task HandleAsync(Arrival arrival, SemaphoreSlim slots, CancellationToken stopping)
    {
        var (envelope, from, arrived, handed) = arrival;
        try
        {
            var isDone = true;
            if (envelope.Type == MessageType.Private)
                isDone = await ReceiveAsync(envelope, from, stopping);
            else
                await (envelope.Type == MessageType.Broadcast ? broadcaster.ReceiveAsync(envelope, from.Peer, stopping) : AcknowledgedAsync(envelope, from.Peer, arrived));
            handed?.Connection.TrySendUrgent(new Frame { Correlation = handed.Correlation, HandedOver = new HandedOver { Refused = !isDone } });
        }
        catch (OperationCanceledException)
        {
            // The node is stopping; unacknowledged messages are sent again.
        }
        catch (MesharaException e)
        {
            // Not acknowledged, so the sender will try again.
            telemetry.Error(ErrorType.Storage);
            Log.NotDelivered(logger, envelope.Id, e.Message);
        }
        catch (Exception e)
        {
            // A defect in this program: log it as an error, but one message must not stop all others.
            telemetry.Error(ErrorType.Protocol);
            Log.ReceiveFailed(logger, envelope.Id, e);
        }
        finally
        {
            slots.Release();
            if (arrival.Room > 0)
                _room.Leave(arrival.Room);
        }
    }

    private static Envelope Parse(Protocol.Wire.Envelope? wire) => wire is not null && Envelope.TryParse(wire, out var envelope, out _)
        ? envelope
        : throw new MesharaException(ErrorCodes.Protocol, "A message is malformed.");

    private async Task AcknowledgedAsync(Envelope envelope, NodeAddress from, DateTimeOffset arrived)
    {
        if (!envelope.HasValidSignature())
        {
            telemetry.Dropped(DropReason.BadSignature);
            telemetry.Error(ErrorType.Crypto);
            return;
        }
        routes.Learn(envelope, from);
        telemetry.Received(Tags.Ack);
        await outbox.OnAcknowledgedAsync(envelope, arrived);
    }

    /// <summary>
    /// False if a valid message was not taken. The relay that keeps it must not drop it because the inbox is full or the two
    /// clocks disagree.
    /// </summary>
    private async Task<bool> ReceiveAsync(Envelope envelope, Source from, CancellationToken cancellationToken)
    {
        var started = _clock.GetTimestamp();
        using var span = telemetry.Begin(SpanNames.ReceiveMessage, ActivityKind.Consumer, TraceContext.Read(envelope.Wire.TraceContext), out var trace);
        if (span is not null)
        {
            var id = envelope.Id.ToString();
            span.SetTag("message_id", id).SetTag("hops", envelope.HopCount).Describe(MessagingOperation.Receive, _address, id);
        }
        try
        {
            var dropped = await TakeAsync(envelope, from, span, trace, cancellationToken);
            var error = (string?)dropped?.Value;
            if (dropped is { } reason)
                telemetry.Dropped(reason);
            if (error is not null)
                span.Fail(error);
            telemetry.Processed(MessagingOperation.Receive, _clock.GetElapsedTime(started), error);
            return error is not ("expired" or "inbox_full");
        }
        catch (MesharaException e)
        {
            span.Fail(e.Code, e);
            telemetry.Processed(MessagingOperation.Receive, _clock.GetElapsedTime(started), e.Code);
            throw;
        }
    }

    /// <summary>Verifies, opens, delivers and answers. Null if the message was taken; otherwise why it is dropped.</summary>
    private async ValueTask<KeyValuePair<string, object?>?> TakeAsync(
        Envelope envelope, Source from, Activity? span, ActivityContext trace, CancellationToken cancellationToken)
    {
        if (!envelope.Arrive(_clock.Steady, _options.MaxTimeToLive) || Lives.IsStale(envelope, from.Peer, _options.MaxTimeToLive, _clock))
            return DropReason.Expired;
        if (!Verify(envelope, span))
        {
            telemetry.Error(ErrorType.Crypto);
            return DropReason.BadSignature;
        }
        routes.Learn(envelope, from.Peer);
        if (envelope.Wire.Payload.Length > _options.MaxMessageBytes + 1024)
            return Answer(AckStatus.Oversize, DropReason.Oversize);
        if (Decrypt(envelope, span) is not { } content)
        {
            telemetry.Error(ErrorType.Crypto);
            return Answer(AckStatus.Undecryptable, DropReason.Undecryptable);
        }
        span?.DescribeContent(content.Length);
        if (await DeliverAsync(envelope, from, content, span, cancellationToken))
            return Answer(AckStatus.Delivered, null);
        Log.InboxFull(logger, envelope.Id, envelope.Sender);
        return Answer(AckStatus.InboxFull, DropReason.InboxFull);

        KeyValuePair<string, object?>? Answer(AckStatus status, KeyValuePair<string, object?>? dropped)
        {
            acknowledger.Answer(envelope.Sender, envelope.Id, status, trace);
            return dropped;
        }
    }

    private bool Verify(Envelope envelope, Activity? parent)
    {
        using var span = parent.StartChild(SpanNames.Verify);
        var valid = envelope.HasValidSignature(verified);
        if (!valid)
            span.Fail("bad_signature");
        return valid;
    }

    private byte[]? Decrypt(Envelope envelope, Activity? parent)
    {
        using var span = parent.StartChild(SpanNames.Decrypt);
        if (opener.TryOpen(envelope, out var content))
            return content;
        span.Fail("undecryptable");
        return null;
    }

    /// <summary>False if the inbox has no room for it.</summary>
    private async ValueTask<bool> DeliverAsync(Envelope envelope, Source from, byte[] content, Activity? parent, CancellationToken cancellationToken)
    {
        using var span = parent.StartChild(SpanNames.Deliver);
        var forget = _clock.Steady + Lives.Memory(Lives.Bounded(envelope.Life, _options.MaxTimeToLive));
        var result = await store.DeliverAsync(
            new IncomingMessage(envelope.Id, envelope.Sender, IsBroadcast: false, envelope.Timestamp, _clock.GetUtcNow(), content, forget) { Network = from.Network },
            cancellationToken);
        if (result == DeliveryResult.Full)
            return false;
        if (result == DeliveryResult.Duplicate)
        {
            span?.SetTag("duplicate", true);
            telemetry.Dropped(DropReason.Duplicate);
            return true;
        }
        telemetry.Received(Tags.Private);
        telemetry.MessageHops(MessageType.Private, envelope.HopCount);
        Log.MessageReceived(logger, parent is { Recorded: true } ? LogLevel.Information : LogLevel.Debug, envelope.Id, envelope.Sender, envelope.HopCount);
        return true;
    }

    private readonly record struct Arrival(Envelope Envelope, Source From, DateTimeOffset Time, Handed? Handed)
    {
        /// <summary>Bytes it occupies in the room; 0 if it was handled where it was read.</summary>
        public int Room { get; init; }
    }

    /// <summary>The connection to notify when a kept message has arrived.</summary>
    private sealed record Handed(PeerConnection Connection, ulong Correlation);

    private static partial class Log
    {
        [LoggerMessage(EventName = "MessageReceived", Message = "Message received")]
        public static partial void MessageReceived(ILogger logger, LogLevel level, MessageId messageId, NodeAddress sender, uint hops);

        [LoggerMessage(EventName = "ReceiveFailed", Level = LogLevel.Error, Message = "Handling a received message failed unexpectedly")]
        public static partial void ReceiveFailed(ILogger logger, MessageId messageId, Exception exception);

        [LoggerMessage(EventName = "InboxFull", Level = LogLevel.Warning,
            Message = "A message was not taken: the inbox holds as many unread messages of its sender, of one address, or of all, as it may")]
        public static partial void InboxFull(ILogger logger, MessageId messageId, NodeAddress sender);

        [LoggerMessage(EventName = "MessageNotDelivered", Level = LogLevel.Warning, Message = "A received message could not be stored and was not acknowledged: {cause}")]
        public static partial void NotDelivered(ILogger logger, MessageId messageId, string cause);
    }
}
