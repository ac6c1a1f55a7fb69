using System.ComponentModel;
using System.Globalization;
using System.Text.Json;
using Meshara.Node.Api.Contracts;
using Meshara.Node.Protocol;
using Meshara.ServiceDefaults.Diagnostics;
using Meshara.ServiceDefaults.Logging;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Meshara.Node.Api;

/// <summary><c>/api/diagnostics</c>: recent traces and logs without any backend, and the log level.</summary>
internal static class DiagnosticsApi
{
    private const int DefaultTraces = 20, MaxTraces = 200;
    private const int DefaultLogs = 100, MaxLogs = 1000;

    public static void MapDiagnostics(this RouteGroupBuilder api)
    {
        var group = api.MapGroup("/diagnostics").WithTags("Diagnostics");
        group.MapGet("/traces", GetTraces)
            .WithName("GetTraces")
            .WithSummary("Recent, slow or failed traces.")
            .WithDescription("Only spans that were sampled. 404 unless Diagnostics:Enabled, which is the default in Development only. "
                + "With trace_id or message_id, kind does not matter.")
            .WithIntegerParameter("limit", 1, MaxTraces)
            .Problems(400, 404);
        group.MapGet("/logs", GetLogs)
            .WithName("GetLogs")
            .WithSummary("Recent log lines.")
            .WithDescription("404 unless Diagnostics:Enabled, which is the default in Development only.")
            .WithIntegerParameter("limit", 1, MaxLogs)
            .Problems(400, 404);
        group.MapGet("/log-level", GetLogLevel)
            .WithName("GetLogLevel")
            .WithSummary("The log filter in force.")
            .Problems();
        group.MapPut("/log-level", SetLogLevel)
            .WithName("SetLogLevel")
            .WithSummary("Replaces the log filter until the node stops.")
            .Problems(400, 415);
    }

    internal static Results<Ok<TracesResponse>, ApiProblem> GetTraces(
        [Description("recent, slow or failed; left out: recent.")] string? kind,
        [Description("Only this trace: 32 hexadecimal digits."), FromQuery(Name = "trace_id")] string? traceId,
        [Description("Only traces with a span of this message."), FromQuery(Name = "message_id")] string? messageId,
        [Description("Traces at the most; left out: 20.")] string? limit,
        [FromServices] RecentTraces? traces)
    {
        if (traces is null)
            return Disabled();
        if (!TryParseKind(kind, out var which))
            return ApiProblem.Invalid($"kind must be recent, slow or failed, not '{Printable.Bounded(kind!, 32)}'.");
        if (CheckIds(traceId, messageId) is { } problem)
            return problem;
        if (!TryParseLimit(limit, DefaultTraces, MaxTraces, out var most))
            return NotALimit(limit!, MaxTraces);

        var found = traceId is null && messageId is null
            ? traces.Latest(which, most)
            : traces.Find((trace, span) =>
                (traceId is null || trace.Equals(traceId, StringComparison.OrdinalIgnoreCase))
                && (messageId is null || span.Attributes.TryGetValue("message_id", out var id) && id.Equals(messageId, StringComparison.OrdinalIgnoreCase)), most);
        return TypedResults.Ok(new TracesResponse([.. found.Select(TraceResponse.From)]));
    }

    internal static Results<Ok<LogsResponse>, ApiProblem> GetLogs(
        [Description("Only lines of this event, such as HandshakeFailed."), FromQuery(Name = "event")] string? eventName,
        [Description("Only lines of this level or above: trace, debug, info, warn or error.")] string? level,
        [Description("Only lines of this trace: 32 hexadecimal digits."), FromQuery(Name = "trace_id")] string? traceId,
        [Description("Only lines about this message."), FromQuery(Name = "message_id")] string? messageId,
        [Description("Lines at the most; left out: 100.")] string? limit,
        [FromServices] RecentLogs? logs)
    {
        if (logs is null)
            return Disabled();
        var least = level is null ? 0 : Severity(level);
        if (least < 0)
            return ApiProblem.Invalid($"level must be trace, debug, info, warn or error, not '{Printable.Bounded(level!, 32)}'.");
        if (CheckIds(traceId, messageId) is { } problem)
            return problem;
        if (!TryParseLimit(limit, DefaultLogs, MaxLogs, out var most))
            return NotALimit(limit!, MaxLogs);

        var lines = logs.Newest()
            .Select(line => JsonSerializer.Deserialize(line.Span, MeshJson.Default.LogLineResponse)!)
            .Where(line => Severity(line.Level!) >= least
                && (eventName is null || line.Event == eventName)
                && (traceId is null || traceId.Equals(line.TraceId, StringComparison.OrdinalIgnoreCase))
                && (messageId is null || messageId.Equals(line.MessageId, StringComparison.OrdinalIgnoreCase)))
            .Take(most);
        return TypedResults.Ok(new LogsResponse([.. lines]));
    }

    internal static Ok<LogLevelBody> GetLogLevel([FromServices] LogLevels levels) => TypedResults.Ok(new LogLevelBody { Filter = levels.Current });

    internal static Results<Ok<LogLevelBody>, ApiProblem> SetLogLevel(LogLevelBody body, [FromServices] LogLevels levels)
    {
        if (body.Filter is null)
            return ApiProblem.Invalid("filter is missing: give for example \"info,meshara.routing=debug\".");
        try
        {
            levels.Apply(body.Filter);
        }
        catch (FormatException e)
        {
            return ApiProblem.Invalid(e.Message);
        }
        return TypedResults.Ok(new LogLevelBody { Filter = levels.Current });
    }

    private static bool TryParseKind(string? text, out TraceKind kind)
    {
        (var known, kind) = text switch
        {
            null or "recent" => (true, TraceKind.Recent),
            "slow" => (true, TraceKind.Slow),
            "failed" => (true, TraceKind.Failed),
            _ => (false, default),
        };
        return known;
    }

    private static ApiProblem? CheckIds(string? traceId, string? messageId)
    {
        if (traceId is not null && (traceId.Length != 32 || !traceId.All(char.IsAsciiHexDigit)))
            return ApiProblem.Invalid($"'{Printable.Bounded(traceId, 64)}' is not a trace id: 32 hexadecimal digits are expected.");
        return messageId is not null && !MessageId.TryParse(messageId, out _) ? MessagesApi.NotAnId(messageId) : null;
    }

    private static bool TryParseLimit(string? text, int otherwise, int most, out int limit)
    {
        limit = otherwise;
        return text is null || (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit >= 1 && limit <= most);
    }

    private static ApiProblem NotALimit(string text, int most) => ApiProblem.Invalid($"limit must be 1 to {most}, not '{Printable.Bounded(text, 32)}'.");

    private static int Severity(string level) => Array.IndexOf(["TRACE", "DEBUG", "INFO", "WARN", "ERROR"], level.ToUpperInvariant());

    private static ApiProblem Disabled() => new(StatusCodes.Status404NotFound, ErrorCodes.NotFound,
        "This node keeps no recent traces and logs: set Diagnostics:Enabled to true, which is the default in Development only.");
}
