using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;
using Meshara.Node.Telemetry;

namespace Meshara.Node.Delivery;

/// <summary>
/// Log lines about this node's own messages, written within the span <c>send_message</c>. A line costs more than a span, so
/// milestones are sampled with the trace: INFO if the message's trace is recorded, DEBUG otherwise. A message that is rejected
/// or expires is always logged as an error; a failed attempt is not, since another follows.
/// </summary>
internal sealed partial class MessageLog(ILogger<MessageLog> logger)
{
    /// <param name="message">The message.</param>
    /// <param name="context">The context to log in: that of the request that brought the message would add its own fields.</param>
    public void Created(OutgoingMessage message, ExecutionContext context)
    {
        if (!logger.IsEnabled(LevelOf(message)))
            return;
        ExecutionContext.Run(context, static state =>
        {
            var (log, message) = ((MessageLog, OutgoingMessage))state!;
            log.Created(message);
        }, (this, message));
    }

    private void Created(OutgoingMessage message)
    {
        var level = LevelOf(message);
        using var current = message.Span.Enter();
        Log.Created(logger, level, message.Id, message.Recipient);
    }

    /// <summary>A peer has it now.</summary>
    public void Routed(OutgoingMessage message, Hop hop)
    {
        var level = LevelOf(message);
        using var current = message.Span.Enter();
        Log.Routed(logger, level, message.Id, message.Recipient, hop.Peer, hop.Name);
    }

    public void Expired(OutgoingMessage message)
    {
        using var current = message.Span.Enter();
        Log.Expired(logger, message.Id, message.Recipient, message.Attempts, message.LastFailure ?? "not attempted");
    }

    public void Rejected(OutgoingMessage message, string cause)
    {
        using var current = message.Span.Enter();
        Log.Rejected(logger, message.Id, message.Recipient, cause);
    }

    // Without an open span the line would not link to its trace. An acknowledgment may arrive before the line about the
    // departure is written.
    private static LogLevel LevelOf(OutgoingMessage message) => message.Span is { Recorded: true, IsStopped: false } ? LogLevel.Information : LogLevel.Debug;

    private static partial class Log
    {
        [LoggerMessage(EventName = "MessageCreated", Message = "Message created successfully")]
        public static partial void Created(ILogger logger, LogLevel level, MessageId messageId, NodeAddress recipient);

        [LoggerMessage(EventName = "MessageRouted", Message = "Message routed successfully")]
        public static partial void Routed(ILogger logger, LogLevel level, MessageId messageId, NodeAddress recipient, NodeAddress peer, string route);

        [LoggerMessage(EventName = "MessageExpired", Level = LogLevel.Error, Message = "Failed to route message")]
        public static partial void Expired(ILogger logger, MessageId messageId, NodeAddress recipient, int attempts, string cause);

        [LoggerMessage(EventName = "MessageRejected", Level = LogLevel.Error, Message = "Failed to route message")]
        public static partial void Rejected(ILogger logger, MessageId messageId, NodeAddress recipient, string cause);
    }
}
