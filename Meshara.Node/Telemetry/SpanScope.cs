using System.Diagnostics;

namespace Meshara.Node.Telemetry;

/// <summary>Makes a span the current one until it is disposed, so that log lines and exemplars refer to it.</summary>
internal readonly ref struct SpanScope : IDisposable
{
    private readonly bool _isEntered;
    private readonly Activity? _before;

    /// <param name="span">The span; null, or one that has ended, leaves the current span as it is.</param>
    public SpanScope(Activity? span)
    {
        if (span is not { IsStopped: false } || span == Activity.Current)
            return;
        (_isEntered, _before) = (true, Activity.Current);
        Activity.Current = span;
    }

    public void Dispose()
    {
        if (_isEntered)
            Activity.Current = _before;
    }
}
