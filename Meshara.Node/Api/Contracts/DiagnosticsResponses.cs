using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using Meshara.ServiceDefaults.Diagnostics;

namespace Meshara.Node.Api.Contracts;

[Description("Traces as this node saw them.")]
internal sealed record TracesResponse(
    [property: Description("Newest first.")] IReadOnlyList<TraceResponse> Traces);

[Description("What this node saw of one trace.")]
internal sealed record TraceResponse(
    [property: Description("W3C trace id: 32 hexadecimal digits.")] string TraceId,
    [property: Description("When the first of the spans began (UTC, RFC 3339).")] DateTime StartedAt,
    [property: Description("From the begin of the first span to the end of the last, in milliseconds.")] double DurationMs,
    [property: Description("One of the spans took at least Diagnostics:SlowerThan.")] bool Slow,
    [property: Description("One of the spans has failed.")] bool Failed,
    [property: Description("Spans that were too many to be kept.")] int DroppedSpans,
    [property: Description("In the order in which they began.")] IReadOnlyList<SpanResponse> Spans)
{
    public static TraceResponse From(RecordedTrace trace)
    {
        var start = trace.Spans[0].StartedAt;
        var end = trace.Spans.Max(span => span.StartedAt + span.Duration);
        return new TraceResponse(
            trace.TraceId, start, Math.Round((end - start).TotalMilliseconds, 3), trace.IsSlow, trace.HasFailed, trace.DroppedSpans,
            [.. trace.Spans.Select(SpanResponse.From)]);
    }
}

[Description("One finished span.")]
internal sealed record SpanResponse(
    [property: Description("As in docs/telemetry.md.")] string Name,
    [property: Description("16 hexadecimal digits.")] string SpanId,
    [property: Description("The span above it, here or on another node; null at the root.")] string? ParentSpanId,
    [property: Description("internal, server, client, producer or consumer.")] string Kind,
    [property: Description("When it began (UTC, RFC 3339).")] DateTime StartedAt,
    [property: Description("How long it took, in milliseconds.")] double DurationMs,
    [property: Description("unset, ok or error.")] string Status,
    [property: Description("What went wrong; null when nothing did.")] string? StatusDescription,
    [property: Description("Attributes as text.")] IReadOnlyDictionary<string, string> Attributes,
    [property: Description("What happened during the span.")] IReadOnlyList<SpanEventResponse> Events,
    [property: Description("Spans it has to do with and that are not above it.")] IReadOnlyList<SpanLinkResponse> Links)
{
    public static SpanResponse From(RecordedSpan span) => new(
        span.Name, span.SpanId, span.ParentSpanId, span.Kind.ToString().ToLowerInvariant(), span.StartedAt, Math.Round(span.Duration.TotalMilliseconds, 3),
        span.Status.ToString().ToLowerInvariant(), span.StatusDescription, span.Attributes,
        [.. span.Events.Select(one => new SpanEventResponse(one.Name, one.At))], [.. span.Links.Select(link => new SpanLinkResponse(link.TraceId, link.SpanId))]);
}

[Description("Something that happened during a span.")]
internal sealed record SpanEventResponse(
    [property: Description("What happened.")] string Name,
    [property: Description("When (UTC, RFC 3339).")] DateTime At);

[Description("Another span.")]
internal sealed record SpanLinkResponse(
    [property: Description("32 hexadecimal digits.")] string TraceId,
    [property: Description("16 hexadecimal digits.")] string SpanId);

[Description("Log lines of this node.")]
internal sealed record LogsResponse(
    [property: Description("Newest first, each as it was written.")] IReadOnlyList<LogLineResponse> Logs);

[Description("One log line as in docs/telemetry.md. Values of the statement stand beside these members.")]
internal sealed record LogLineResponse
{
    [Description("When (UTC, RFC 3339).")]
    public string? Timestamp { get; init; }

    [Description("ERROR, WARN, INFO, DEBUG or TRACE.")]
    public string? Level { get; init; }

    [Description("The area, such as meshara::network.")]
    public string? Target { get; init; }

    [Description("For people.")]
    public string? Message { get; init; }

    [Description("The statement's stable name.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Event { get; init; }

    [Description("The trace it belongs to, if any.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TraceId { get; init; }

    [Description("The span it was written in, if any.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? SpanId { get; init; }

    [Description("The message it is about, if any.")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? MessageId { get; init; }

    /// <summary>The other values of the log statement.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Others { get; set; } // an init property would become a constructor parameter, not allowed here
}

[Description("Which log lines are written. A member of this name is a request's and an answer's.")]
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record LogLevelBody
{
    [Description("Comma-separated LEVEL or NAME=LEVEL, such as info,meshara.routing=debug; levels are trace, debug, info, warn, error and off. "
        + "Empty: Logging:LogLevel alone decides.")]
    [Required]
    public string? Filter { get; init; }
}
