using System.Diagnostics;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Envelope = Meshara.Node.Protocol.Envelope;

namespace Meshara.Node.Delivery;

internal sealed partial class Outbox
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    /// <summary>Handles a verified acknowledgment envelope; each entry ends one of this node's messages to its sender.</summary>
    public async ValueTask OnAcknowledgedAsync(Envelope envelope, DateTimeOffset arrived)
    {
        AckPayload payload;
        try
        {
            payload = AckPayload.Parser.ParseFrom(envelope.Wire.Payload);
        }
        catch (InvalidProtocolBufferException)
        {
            _telemetry.Error(ErrorType.Protocol);
            return;
        }
        foreach (var entry in payload.Entries)
        {
            if (entry.Id.Length != MessageId.Size || !_pending.TryGetValue(new MessageId(entry.Id.Span), out var message))
                continue; // already ended: the recipient acknowledges each copy it receives
            if (message.Recipient == envelope.Sender)
                await AcknowledgeAsync(message, entry, arrived);
        }
    }

    private async ValueTask AcknowledgeAsync(OutgoingMessage message, AckEntry entry, DateTimeOffset arrived)
    {
        using (StartAckReceived(message, entry, arrived))
        {
            if (entry.Status == AckStatus.Delivered)
            {
                await FinishAsync(message, MessageState.Acknowledged, null);
                return;
            }
            if (entry.Status == AckStatus.InboxFull)
            {
                OnInboxFull(message);
                return;
            }
        }
        await FinishAsync(message, MessageState.Rejected, entry.Status switch
        {
            AckStatus.Undecryptable => "the recipient could not decrypt it",
            AckStatus.Oversize => "the recipient takes no messages of this size",
            _ => "the recipient did not take it",
        });
    }

    private Activity? StartAckReceived(OutgoingMessage message, AckEntry entry, DateTimeOffset arrived)
    {
        if (!_telemetry.IsObserved(message.Record.Trace))
            return null;
        var receiver = TraceContext.Read(entry.TraceContext);
        return _telemetry.Continue(
            SpanNames.AckReceived, ActivityKind.Internal, message.Record.Trace, receiver == default ? null : [new ActivityLink(receiver)], arrived);
    }

    /// <summary>Ends a message exactly once: updates its state, metrics and span, and frees its room in the queue.</summary>
    private async ValueTask FinishAsync(OutgoingMessage message, MessageState state, string? reason)
    {
        if (!message.TryFinish())
            return;
        try
        {
            await _store.CompleteAsync(message.Status(state, _clock.GetUtcNow(), reason), CancellationToken.None);
        }
        catch (MesharaException e)
        {
            // The message has ended even so. Without the record a restart sends it again, and its recipient drops the
            // duplicate.
            _telemetry.Error(ErrorType.Storage);
            Log.OutcomeNotStored(_logger, message.Id, e.Message);
        }
        Count(message, state, reason);
        _pending.TryRemove(message.Id, out _);
        Interlocked.Decrement(ref _pendingCount);
        Interlocked.Add(ref _pendingBytes, -message.Record.ContentLength);
        lock (_gate)
        {
            if (!_queues.TryGetValue(message.Recipient, out var queue))
                return;
            if (state is MessageState.Acknowledged && message.Attempts == 1)
                queue.Acknowledged(message, _clock.GetElapsedTime(message.SentTimestamp));
            queue.Finished(message);
            if (state is MessageState.Acknowledged or MessageState.Rejected)
                queue.Reached(); // it has answered, so the other messages need not wait
            if (state is MessageState.Acknowledged)
                queue.Accepted();
            Schedule(queue);
            if (queue.IsEmpty)
                _queues.Remove(message.Recipient);
        }
    }

    private void Count(OutgoingMessage message, MessageState state, string? reason)
    {
        // The span must be current while the latency is recorded: the exemplar is taken from it.
        using var current = message.Span.Enter();
        var elapsed = _clock.GetElapsedTime(message.AcceptedTimestamp);
        switch (state)
        {
            case MessageState.Acknowledged:
                _telemetry.Attempt(AttemptOutcome.Acknowledged);
                _telemetry.Completed(Completion.Acknowledged);
                _telemetry.MessageLatency(elapsed);
                _telemetry.Sent(MessagingOperation.Send, elapsed);
                message.Span?.AddEvent(new ActivityEvent("message_delivered"));
                var level = _telemetry.LevelOf(message.Record.Trace);
                Log.Delivered(_logger, level, message.Id, message.Recipient, message.Attempts);
                break;
            case MessageState.Rejected:
                _telemetry.Attempt(AttemptOutcome.Rejected);
                _telemetry.Completed(Completion.Rejected);
                _telemetry.Sent(MessagingOperation.Send, elapsed, "rejected");
                message.Span.Fail("rejected");
                _messages.Rejected(message, reason!);
                break;
            default:
                _telemetry.Dropped(DropReason.Expired);
                _telemetry.Completed(Completion.Expired);
                _telemetry.Sent(MessagingOperation.Send, elapsed, "expired");
                message.Span.Fail("expired");
                _messages.Expired(message);
                break;
        }
        message.Span?.Dispose();
    }

    /// <summary>Expires messages at the end of their time to live, whatever they wait for.</summary>
    private async Task SweepAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(SweepInterval, _clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                var now = _clock.Steady;
                foreach (var (_, message) in _pending)
                {
                    if (message.Record.Ends <= now)
                        await ExpireAsync(message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }

    private async ValueTask ExpireAsync(OutgoingMessage message)
    {
        try
        {
            await FinishAsync(message, MessageState.Expired, message.LastFailure);
        }
        catch (Exception e)
        {
            // A defect in this program: log it as an error, but still expire the other messages.
            _telemetry.Error(ErrorType.Protocol);
            Log.AttemptFailed(_logger, message.Id, e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "MessageDelivered", Message = "Message acknowledged by its recipient")]
        public static partial void Delivered(ILogger logger, LogLevel level, MessageId messageId, NodeAddress recipient, int attempts);

        [LoggerMessage(EventName = "OutcomeNotStored", Level = LogLevel.Warning, Message = "How message {messageId} ended could not be stored: {cause}")]
        public static partial void OutcomeNotStored(ILogger logger, MessageId messageId, string cause);

        [LoggerMessage(EventName = "AttemptFailed", Level = LogLevel.Error, Message = "An attempt to deliver a message failed unexpectedly")]
        public static partial void AttemptFailed(ILogger logger, MessageId messageId, Exception exception);

        [LoggerMessage(EventName = "RecipientUnreachable", Level = LogLevel.Debug, Message = "Recipient cannot be reached, trying again later")]
        public static partial void Unreachable(ILogger logger, MessageId messageId, NodeAddress recipient, string cause, int failures);

        [LoggerMessage(EventName = "AcknowledgmentOverdue", Level = LogLevel.Debug, Message = "No acknowledgment in time, sending again")]
        public static partial void AcknowledgmentOverdue(ILogger logger, MessageId messageId, NodeAddress recipient, int attempts);
    }
}
