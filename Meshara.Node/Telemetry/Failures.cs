using System.Diagnostics;

namespace Meshara.Node.Telemetry;

/// <summary>What every failed span carries.</summary>
internal static class Failures
{
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
