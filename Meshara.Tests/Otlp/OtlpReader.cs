using Google.Protobuf;
using Google.Protobuf.Collections;
using Meshara.Tests.Otlp.Wire;

namespace Meshara.Tests.Otlp;

/// <summary>Converts OTLP requests into objects for assertions.</summary>
internal static class OtlpReader
{
    public static IEnumerable<OtlpSpan> Read(TracesRequest request) =>
        from resource in request.ResourceSpans
        from scope in resource.ScopeSpans
        let origin = Origin(resource.Resource, scope.Scope)
        from span in scope.Spans
        select new OtlpSpan(
            origin, Hex(span.TraceId)!, Hex(span.SpanId)!, Hex(span.ParentSpanId), span.Name, Lower(span.Kind), Lower(span.Status?.Code ?? StatusCode.Unset),
            span.Status?.Message ?? "", TimeSpan.FromTicks((long)(span.EndTimeUnixNano - span.StartTimeUnixNano) / 100), Values(span.Attributes),
            [.. span.Events.Select(one => new OtlpEvent(one.Name, Values(one.Attributes)))],
            [.. span.Links.Select(link => new OtlpLink(Hex(link.TraceId)!, Hex(link.SpanId)!))]);

    public static IEnumerable<OtlpMetric> Read(MetricsRequest request) =>
        from resource in request.ResourceMetrics
        from scope in resource.ScopeMetrics
        let origin = Origin(resource.Resource, scope.Scope)
        from metric in scope.Metrics
        let read = Points(metric)
        select new OtlpMetric(origin, metric.Name, metric.Unit, metric.Description, read.Type, read.Points);

    public static IEnumerable<OtlpLog> Read(LogsRequest request) =>
        from resource in request.ResourceLogs
        from scope in resource.ScopeLogs
        let origin = Origin(resource.Resource, scope.Scope)
        from log in scope.LogRecords
        let attributes = Values(log.Attributes)
        select new OtlpLog(
            origin, log.SeverityText, log.EventName.Length > 0 ? log.EventName : null, log.Body?.StringValue ?? "", Hex(log.TraceId), Hex(log.SpanId), attributes);

    private static (string Type, IReadOnlyList<OtlpPoint> Points) Points(Metric metric) => metric.DataCase switch
    {
        Metric.DataOneofCase.Gauge => ("gauge", [.. metric.Gauge.DataPoints.Select(Point)]),
        Metric.DataOneofCase.Sum => (metric.Sum.IsMonotonic ? "counter" : "updowncounter", [.. metric.Sum.DataPoints.Select(Point)]),
        Metric.DataOneofCase.Histogram => ("histogram", [.. metric.Histogram.DataPoints.Select(point => new OtlpPoint(
            Values(point.Attributes), point.Sum, (long)point.Count, [.. point.ExplicitBounds], [.. point.Exemplars.Select(one => Hex(one.TraceId) ?? "")]))]),
        _ => throw new InvalidDataException($"{metric.Name} is of a kind that nothing here sends."),
    };

    private static OtlpPoint Point(NumberPoint point) => new(
        Values(point.Attributes), point.ValueCase == NumberPoint.ValueOneofCase.AsInt ? point.AsInt : point.AsDouble, 1, [], []);

    private static OtlpOrigin Origin(Resource? resource, Scope? scope) => new(Values(resource?.Attributes ?? []), scope?.Name ?? "");

    private static Dictionary<string, object?> Values(RepeatedField<KeyValue> pairs) =>
        pairs.ToDictionary(pair => pair.Key, pair => Value(pair.Value), StringComparer.Ordinal);

    private static object? Value(AnyValue? value) => value?.ValueCase switch
    {
        AnyValue.ValueOneofCase.StringValue => value.StringValue,
        AnyValue.ValueOneofCase.BoolValue => value.BoolValue,
        AnyValue.ValueOneofCase.IntValue => value.IntValue,
        AnyValue.ValueOneofCase.DoubleValue => value.DoubleValue,
        AnyValue.ValueOneofCase.ArrayValue => value.ArrayValue.Values.Select(Value).ToArray(),
        AnyValue.ValueOneofCase.BytesValue => value.BytesValue.ToByteArray(),
        _ => null,
    };

    private static string? Hex(ByteString bytes) => bytes.IsEmpty ? null : Convert.ToHexStringLower(bytes.Span);

    private static string Lower(Enum value) => value.ToString().ToLowerInvariant();
}
