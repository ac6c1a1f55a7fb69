using System.Diagnostics;

namespace Meshara.Node.Telemetry;

/// <summary>Operations on a span that is null if it is not recorded.</summary>
internal static class SpanExtensions
{
    /// <summary>Begins a span within <paramref name="parent"/>; null if that is not recorded.</summary>
    public static Activity? StartChild(this Activity? parent, string name, ActivityKind kind = ActivityKind.Internal) =>
        parent?.Source.StartActivity(name, kind, parent.Context);

    /// <summary>Sets the attributes that OpenTelemetry's conventions require of a span about one message.</summary>
    /// <param name="span">The span of the operation.</param>
    /// <param name="operation">The operation on the message.</param>
    /// <param name="destination">The recipient's address, or <see cref="MessagingOperation.Everybody"/>.</param>
    /// <param name="messageId">The message's id.</param>
    /// <seealso href="https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/"/>
    public static Activity Describe(this Activity span, MessagingOperation operation, string destination, string messageId) => span
        .SetTag("messaging.system", MessagingOperation.System)
        .SetTag("messaging.operation.name", operation.Name)
        .SetTag("messaging.operation.type", operation.Type)
        .SetTag("messaging.destination.name", destination)
        .SetTag("messaging.message.id", messageId);

    /// <summary>Sets the size of the message's content, in bytes.</summary>
    public static Activity DescribeContent(this Activity span, int bytes) => span.SetTag("messaging.message.body.size", bytes);

    /// <summary>Makes the span the current one; see <see cref="SpanScope"/>.</summary>
    public static SpanScope Enter(this Activity? span) => new(span);

    /// <summary>Sets status Error, <c>error.type</c> and, if there is an exception, its event.</summary>
    public static void Fail(this Activity? span, string errorType, Exception? exception = null)
    {
        if (span is null)
            return;
        span.SetStatus(ActivityStatusCode.Error, exception?.Message ?? errorType);
        span.SetTag("error.type", errorType);
        if (exception is not null)
            span.AddException(exception);
    }
}
