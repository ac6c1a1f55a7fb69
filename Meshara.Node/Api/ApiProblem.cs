using System.Diagnostics;
using Meshara.Node.Api.Contracts;
using Microsoft.AspNetCore.WebUtilities;

namespace Meshara.Node.Api;

/// <summary>An answer that describes a failure as problem+json (RFC 9457).</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">One of <see cref="ErrorCodes"/> or <see cref="ApiErrorCodes"/>.</param>
/// <param name="detail">What is wrong and what to do.</param>
internal sealed class ApiProblem(int status, string code, string detail) : IResult
{
    /// <summary>The media type of RFC 9457, section 3.</summary>
    public const string ContentType = "application/problem+json";

    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>The problem of a request that has to change before it can succeed.</summary>
    public static ApiProblem Invalid(string detail) => new(StatusCodes.Status400BadRequest, ErrorCodes.InvalidArgument, detail);

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        httpContext.Response.StatusCode = status;
        // The answer is for one caller at one moment: no cache may keep it.
        httpContext.Response.Headers.CacheControl = "no-store";
        var problem = new Problem(
            "about:blank",
            ReasonPhrases.GetReasonPhrase(status),
            status,
            detail,
            code,
            Activity.Current?.TraceId.ToHexString() ?? httpContext.TraceIdentifier);
        return httpContext.Response.WriteAsJsonAsync(problem, MeshJson.Default.Problem, ContentType, httpContext.RequestAborted);
    }
}
