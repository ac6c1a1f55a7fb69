using System.Diagnostics;
using System.Threading.Channels;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Telemetry;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Node.Delivery;

/// <summary>
/// Answers received messages. Answers that are due at the same time to the same sender share one signed envelope, since a
/// signature costs more than everything else about an acknowledgment.
/// </summary>
internal sealed partial class Acknowledger(NodeIdentity identity, Router router, MeshTelemetry telemetry, TimeProvider time, ILogger<Acknowledger> logger)
{
    private const int MaxEntries = 512;
    private const int Senders = 8;

    // Answers that may wait in one queue, for example behind a sender that cannot be reached. One that finds no room is not
    // lost for good: its message comes again.
    private const int QueueLength = 50_000;
    private static readonly TimeSpan TimeToLive = TimeSpan.FromMinutes(5);

    // From so many answers at once on, messages come quickly: the next answers gather for a moment before they share an
    // envelope, whose signature and verification cost as much as a message. A lone answer leaves at once.
    private const int Busy = 4;
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(3);

    private readonly Channel<Answer>[] _queues = [.. Enumerable.Range(0, Senders).Select(_ => Channel.CreateBounded<Answer>(new BoundedChannelOptions(QueueLength) { SingleReader = true }))];

    /// <summary>Queues an answer; <paramref name="receiver"/> is the trace in which the message was received.</summary>
    public void Answer(NodeAddress sender, MessageId id, AckStatus status, ActivityContext receiver)
    {
        var span = telemetry.Continue(SpanNames.SendAck, ActivityKind.Producer, receiver);
        if (status != AckStatus.Delivered)
            span?.SetTag("status", status.ToString().ToLowerInvariant());
        // One sender, one queue: its answers gather in one envelope, and one that cannot be reached delays few others.
        if (_queues[(uint)sender.GetHashCode() % Senders].Writer.TryWrite(new Answer(sender, id, status, receiver, span)))
            return;
        telemetry.Dropped(DropReason.QueueFull);
        span.Fail("queue_full");
        span?.Dispose();
    }

    /// <summary>Sends until cancelled.</summary>
    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(_queues.Select(queue => WorkAsync(queue.Reader, stopping)));

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
                    await TrySendAsync(group.Key, [.. group], stopping);
                if (batch.Count >= Busy)
                    await Task.Delay(Gathering, time, stopping);
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping; senders will ask again.
        }
    }

    private async Task TrySendAsync(NodeAddress sender, IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(sender, answers, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A defect of this program: said loudly, but it must not keep all later answers back.
            telemetry.Error(ErrorType.Routing);
            Log.AcknowledgmentFailed(logger, sender, e);
        }
    }

    private async Task SendAsync(NodeAddress sender, IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
    {
        var payload = new AckPayload();
        foreach (var answer in answers)
        {
            payload.Entries.Add(new AckEntry
            {
                Id = UnsafeByteOperations.UnsafeWrap(answer.Id.ToBytes()),
                Status = answer.Status,
                // The sender links to it, if anybody recorded it.
                TraceContext = TraceContext.Write(answer.Span is null ? default : answer.Receiver),
            });
        }
        var now = time.GetUtcNow();
        var envelope = Envelope.Create(
            identity, MessageType.Ack, MessageId.Create(now), sender, now, now + TimeToLive, _ => payload.ToByteString(), parent: null);
        // An acknowledgment that gets lost is sent again when the message comes again.
        var sent = await router.SendAsync(envelope, attempt: 1, default, traced: false, cancellationToken) is not null;
        if (sent)
            telemetry.Sent(Tags.Ack);
        foreach (var answer in answers)
        {
            if (!sent)
                answer.Span.Fail("unreachable");
            answer.Span?.Dispose();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "AcknowledgmentFailed", Level = LogLevel.Error, Message = "Sending an acknowledgment failed unexpectedly")]
        public static partial void AcknowledgmentFailed(ILogger logger, NodeAddress sender, Exception exception);
    }
}

/// <summary>An acknowledgment that is due.</summary>
internal readonly record struct Answer(NodeAddress Sender, MessageId Id, AckStatus Status, ActivityContext Receiver, Activity? Span);
