using System.Diagnostics;

namespace Meshara.Node.Telemetry;

/// <summary>What is done with a span that may not be recorded.</summary>
internal static class SpanExtensions
{
    /// <summary>A span within <paramref name="parent"/>; null when that is not recorded.</summary>
    public static Activity? StartChild(this Activity? parent, string name, ActivityKind kind = ActivityKind.Internal) =>
        parent?.Source.StartActivity(name, kind, parent.Context);

    /// <summary>Makes the span the current one; see <see cref="SpanScope"/>.</summary>
    public static SpanScope Enter(this Activity? span) => new(span);

    /// <summary>Sets status Error, <c>error.type</c> and, where there is one, the exception event.</summary>
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
