using System.Diagnostics.Metrics;

namespace Meshara.Tests.Mesh;

/// <summary>The measurements of one meter's instruments, optionally filtered by the value of a tag.</summary>
internal sealed class MetricLog : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<(string Name, double Value, KeyValuePair<string, object?>[] Tags)> _measurements = [];
    private readonly MeterListener _listener;

    /// <param name="meters">The factory that created the node's meter; each node in a process has its own.</param>
    public MetricLog(IMeterFactory meters)
    {
        _listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Scope == meters && !instrument.IsObservable)
                    listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument.Name, value, tags));
        _listener.Start();
    }

    /// <summary>The sum of a counter over the series with this tag value.</summary>
    public double Sum(string instrument, string? tag = null) => Matching(instrument, tag).Sum(measurement => measurement.Value);

    /// <summary>The number of measurements of a histogram.</summary>
    public int Count(string instrument, string? tag = null) => Matching(instrument, tag).Count;

    public void Dispose() => _listener.Dispose();

    private List<(string Name, double Value, KeyValuePair<string, object?>[] Tags)> Matching(string instrument, string? tag)
    {
        lock (_gate)
            return [.. _measurements.Where(one => one.Name == instrument && (tag is null || one.Tags.Any(pair => pair.Value as string == tag)))];
    }

    private void Add(string name, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_gate)
            _measurements.Add((name, value, tags.ToArray()));
    }
}
