namespace Meshara.Tests.Otlp;

/// <summary>The origin of an item: the attributes of its resource, and the name of its instrumentation scope.</summary>
internal sealed record OtlpOrigin(IReadOnlyDictionary<string, object?> Resource, string Scope)
{
    /// <summary>The value of <c>service.instance.id</c>.</summary>
    public string? Instance => Resource.GetValueOrDefault("service.instance.id") as string;
}

internal sealed record OtlpSpan(
    OtlpOrigin Origin, string TraceId, string SpanId, string? ParentSpanId, string Name, string Kind, string Status, string StatusMessage,
    TimeSpan Duration, IReadOnlyDictionary<string, object?> Attributes, IReadOnlyList<OtlpEvent> Events, IReadOnlyList<OtlpLink> Links);

internal sealed record OtlpEvent(string Name, IReadOnlyDictionary<string, object?> Attributes);

internal sealed record OtlpLink(string TraceId, string SpanId);

/// <param name="Type"><c>gauge</c>, <c>counter</c>, <c>updowncounter</c> or <c>histogram</c>.</param>
internal sealed record OtlpMetric(OtlpOrigin Origin, string Name, string Unit, string Description, string Type, IReadOnlyList<OtlpPoint> Points);

/// <param name="Value">For a histogram, the sum.</param>
/// <param name="Bounds">Bounds of a histogram's buckets; otherwise empty.</param>
/// <param name="Exemplars">Trace ids of the exemplars.</param>
internal sealed record OtlpPoint(
    IReadOnlyDictionary<string, object?> Attributes, double Value, long Count, IReadOnlyList<double> Bounds, IReadOnlyList<string> Exemplars);

internal sealed record OtlpLog(
    OtlpOrigin Origin, string Severity, string? EventName, string Body, string? TraceId, string? SpanId, IReadOnlyDictionary<string, object?> Attributes);
