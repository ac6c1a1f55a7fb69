using System.Diagnostics;

namespace Meshara.Node.Telemetry;

/// <summary>A span that is the current one until this is disposed: log lines and exemplars belong to it meanwhile.</summary>
internal readonly ref struct SpanScope : IDisposable
{
    private readonly bool _isEntered;
    private readonly Activity? _before;

    /// <param name="span">Null, or one that has ended, leaves the current span as it is.</param>
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
