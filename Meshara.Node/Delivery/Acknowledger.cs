using System.Diagnostics;
using System.Threading.Channels;
using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Telemetry;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Node.Delivery;

/// <summary>
/// Acknowledges received messages. Answers that are due to the same sender at the same time share one signed envelope, because
/// the signature costs more than the rest of an acknowledgment.
/// </summary>
internal sealed partial class Acknowledger
{
    private const int MaxEntries = 512;
    private const int Senders = 8;

    // Answers that may wait in one queue. If one is dropped, its message comes again.
    private const int QueueLength = 50_000;

    // Answers that may wait for one sender that is not connected or takes nothing, and for all such senders.
    private const int MaxWaitingForOne = 5_000;
    private const int MaxWaiting = 50_000;
    private static readonly TimeSpan TimeToLive = TimeSpan.FromMinutes(5);

    // At this batch size messages are arriving fast, so later answers are collected briefly to share an envelope, whose signing
    // and verification cost as much as a message. A lone answer leaves at once.
    private const int Busy = 4;
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(3);

    private readonly NodeIdentity _identity;
    private readonly Router _router;
    private readonly MeshTelemetry _telemetry;
    private readonly NodeClock _clock;
    private readonly ILogger<Acknowledger> _logger;
    private readonly PeerQueues<Due> _waiting;
    private readonly Channel<Answer>[] _queues = [.. Enumerable.Range(0, Senders).Select(_ => Channel.CreateBounded<Answer>(new BoundedChannelOptions(QueueLength) { SingleReader = true }))];

    public Acknowledger(NodeIdentity identity, Router router, MeshTelemetry telemetry, TimeProvider time, ILogger<Acknowledger> logger)
    {
        _identity = identity;
        _router = router;
        _telemetry = telemetry;
        _clock = NodeClock.Of(time);
        _logger = logger;
        _waiting = new PeerQueues<Due>(MaxWaitingForOne, MaxWaiting, SendLaterAsync, OnFailure);
    }

    /// <summary>Queues an answer; <paramref name="receiver"/> is the trace in which the message was received.</summary>
    public void Answer(NodeAddress sender, MessageId id, AckStatus status, ActivityContext receiver)
    {
        var span = _telemetry.Continue(SpanNames.SendAck, ActivityKind.Producer, receiver);
        if (status != AckStatus.Delivered)
            span?.SetTag("status", status.ToString().ToLowerInvariant());
        // Each sender maps to one queue: its answers share envelopes, and an unreachable sender delays few others.
        if (_queues[sender.Share(Senders)].Writer.TryWrite(new Answer(sender, id, status, receiver, span)))
            return;
        _telemetry.Dropped(DropReason.QueueFull);
        span.Fail("queue_full");
        span?.Dispose();
    }

    /// <summary>Sends until cancelled.</summary>
    public Task RunAsync(CancellationToken stopping) =>
        Task.WhenAll([.. _queues.Select(queue => WorkAsync(queue.Reader, stopping)), _waiting.RunAsync(stopping)]);

    private async Task WorkAsync(ChannelReader<Answer> queue, CancellationToken stopping)
    {
        try
        {
            while (await queue.WaitToReadAsync(stopping))
            {
                var batch = new List<Answer>();
                while (batch.Count < MaxEntries && queue.TryRead(out var answer))
                    batch.Add(answer);
                foreach (var group in batch.GroupBy(answer => answer.Sender))
                    TrySend(group.Key, [.. group]);
                if (batch.Count >= Busy)
                    await Task.Delay(Gathering, _clock, stopping);
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping; senders will resend their messages.
        }
    }

    private void TrySend(NodeAddress sender, IReadOnlyList<Answer> answers)
    {
        try
        {
            Send(sender, answers);
        }
        catch (Exception e)
        {
            OnFailure(sender, e);
        }
    }

    /// <summary>Reports a defect in this program without holding back later answers.</summary>
    private void OnFailure(NodeAddress sender, Exception e)
    {
        _telemetry.Error(ErrorType.Routing);
        Log.AcknowledgmentFailed(_logger, sender, e);
    }

    private void Send(NodeAddress sender, IReadOnlyList<Answer> answers)
    {
        var payload = new AckPayload();
        foreach (var answer in answers)
        {
            payload.Entries.Add(new AckEntry
            {
                Id = UnsafeByteOperations.UnsafeWrap(answer.Id.ToBytes()),
                Status = answer.Status,
                // The sender links to this trace if it was recorded.
                TraceContext = TraceContext.Write(answer.Span is null ? default : answer.Receiver),
            });
        }
        var now = _clock.Stamp;
        var envelope = Envelope.Create(
            _identity, MessageType.Ack, MessageId.Create(now), sender, now, now + TimeToLive, _ => payload.ToByteString(), parent: null);
        if (_router.TrySend(envelope) is { } hop)
            OnSent(sender, hop, answers);
        else if (!_waiting.TryAdd(sender, new Due(envelope, answers), answers.Count))
            OnLost(answers, "queue_full");
    }

    /// <summary>Looks the sender up, dials it or finds another route, without delaying answers to others.</summary>
    private async Task SendLaterAsync(NodeAddress sender, Due due, CancellationToken cancellationToken)
    {
        if (await _router.SendAsync(due.Envelope, attempt: 1, default, traced: false, cancellationToken) is { } hop)
            OnSent(sender, hop, due.Answers);
        else
            OnLost(due.Answers, "unreachable");
    }

    private void OnSent(NodeAddress sender, Hop hop, IReadOnlyList<Answer> answers)
    {
        Log.Sent(_logger, sender, answers.Count, hop.Peer, hop.Name);
        _telemetry.Sent(Tags.Ack);
        foreach (var answer in answers)
            answer.Span?.Dispose();
    }

    /// <summary>A lost acknowledgment is sent again when its message comes again.</summary>
    private static void OnLost(IReadOnlyList<Answer> answers, string cause)
    {
        foreach (var answer in answers)
        {
            answer.Span.Fail(cause);
            answer.Span?.Dispose();
        }
    }

    /// <summary>A signed envelope with the answers to one sender.</summary>
    private sealed record Due(Envelope Envelope, IReadOnlyList<Answer> Answers);

    private static partial class Log
    {
        [LoggerMessage(EventName = "AcknowledgmentSent", Level = LogLevel.Debug, Message = "Messages acknowledged to their sender")]
        public static partial void Sent(ILogger logger, NodeAddress sender, int messages, NodeAddress peer, string route);

        [LoggerMessage(EventName = "AcknowledgmentFailed", Level = LogLevel.Error, Message = "Sending an acknowledgment failed unexpectedly")]
        public static partial void AcknowledgmentFailed(ILogger logger, NodeAddress sender, Exception exception);
    }
}

/// <summary>An acknowledgment that is due.</summary>
internal readonly record struct Answer(NodeAddress Sender, MessageId Id, AckStatus Status, ActivityContext Receiver, Activity? Span);
