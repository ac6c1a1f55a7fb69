using System.Globalization;
using System.Text.Json;
using Meshara.Node.Delivery;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Api;

/// <summary>Turns every failure of a request into an <see cref="ApiProblem"/>.</summary>
internal sealed class ApiFailures(IOptions<DeliveryOptions> delivery)
{
    /// <summary>True for a failure that the API expects: its problem explains it fully, so it is not logged as an error.</summary>
    public static bool IsExpected(Exception exception) => exception is MesharaException or BadHttpRequestException or OperationCanceledException;

    /// <summary>Answers for the exception in <see cref="IExceptionHandlerFeature"/>.</summary>
    public Task WriteExceptionAsync(HttpContext context)
    {
        var exception = context.Features.GetRequiredFeature<IExceptionHandlerFeature>().Error;
        var problem = exception switch
        {
            MesharaException expected => FromMeshara(expected),
            BadHttpRequestException { InnerException: JsonException json } => FromJson(json),
            BadHttpRequestException bad => FromStatus(bad.StatusCode),
            _ => FromStatus(StatusCodes.Status500InternalServerError),
        };
        if (problem.Status == StatusCodes.Status429TooManyRequests)
            context.Response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(delivery.Value.RetryBase.TotalSeconds))
                .ToString("F0", CultureInfo.InvariantCulture);
        return problem.ExecuteAsync(context);
    }

    /// <summary>Answers for a status that routing or the server set without a body.</summary>
    public Task WriteStatusAsync(StatusCodeContext status) => FromStatus(status.HttpContext.Response.StatusCode).ExecuteAsync(status.HttpContext);

    private static ApiProblem FromMeshara(MesharaException exception) => new(
        exception.Code switch
        {
            ErrorCodes.InvalidArgument or ErrorCodes.EmptyMessage => StatusCodes.Status400BadRequest,
            ErrorCodes.NotFound => StatusCodes.Status404NotFound,
            ErrorCodes.Oversize => StatusCodes.Status413PayloadTooLarge,
            ErrorCodes.KeyReused => StatusCodes.Status422UnprocessableEntity,
            ErrorCodes.QueueFull => StatusCodes.Status429TooManyRequests,
            ErrorCodes.NotReady or ErrorCodes.Storage => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status500InternalServerError,
        },
        exception.Code,
        exception.Message);

    private static ApiProblem FromJson(JsonException exception)
    {
        // Path is where reading stopped, "$" for the whole body. System.Text.Json's own message would name .NET types.
        var path = Printable.Bounded(exception.Path ?? "$", 80);
        var member = path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : path;
        // Only their messages tell these two errors from a value of a wrong type.
        if (exception.Message.StartsWith("Duplicate property", StringComparison.Ordinal))
            return ApiProblem.Invalid($"{member} is given twice.");
        if (exception.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal))
            return ApiProblem.Invalid($"There is no member {member} here ({path}); /openapi/v1.json lists those there are.");
        return ApiProblem.Invalid(path switch
        {
            "$.content" => "content is not base64 (RFC 4648 section 4, with padding).",
            "$.ttl_seconds" => "ttl_seconds is not a whole number of seconds.",
            "$.to" or "$.text" => $"{path[2..]} is not a string of valid Unicode.",
            "$" => string.Create(CultureInfo.InvariantCulture,
                $"The body is not a JSON object (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1})."),
            _ => $"The body cannot be read at {path}: no such member, a member given twice, or broken JSON. See /openapi/v1.json.",
        });
    }

    private ApiProblem FromStatus(int status) => status switch
    {
        StatusCodes.Status404NotFound => new(status, ErrorCodes.NotFound, "There is nothing at this path; /openapi/v1.json lists every one."),
        StatusCodes.Status405MethodNotAllowed => new(status, ApiErrorCodes.MethodNotAllowed, "The path exists, but not with this method; the Allow header lists those it has."),
        StatusCodes.Status413PayloadTooLarge => new(status, ErrorCodes.Oversize,
            string.Create(CultureInfo.InvariantCulture, $"The body is too large: a message holds at most {delivery.Value.MaxMessageBytes} bytes.")),
        StatusCodes.Status415UnsupportedMediaType => new(status, ApiErrorCodes.UnsupportedMediaType, "Send a JSON body with Content-Type: application/json."),
        StatusCodes.Status400BadRequest => ApiProblem.Invalid("The request cannot be read; a JSON object is needed where /openapi/v1.json names a body."),
        >= 500 => new(status, ApiErrorCodes.Internal, "The node failed to answer; its log has the details under this trace_id."),
        _ => new(status, ErrorCodes.InvalidArgument, $"The request was refused: {ReasonPhrases.GetReasonPhrase(status)}."),
    };
}
