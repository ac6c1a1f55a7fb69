using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Meshara.Node.Api;

/// <summary>
/// Headers that keep browsers and proxies from caching an answer, showing it in a frame, running anything in it, or guessing
/// another type for it. All answers have them, errors and health included.
/// </summary>
/// <remarks>Follows OWASP's REST Security Cheat Sheet; Strict-Transport-Security is left to the owner of the host name.</remarks>
internal static class SecurityHeaders
{
    private static readonly StringValues NoStore = "no-store";
    private static readonly StringValues NoContent = "default-src 'none'; frame-ancestors 'none'";
    private static readonly StringValues NoSniff = "nosniff";

    /// <summary>Adds them when the answer starts, because the exception handler removes headers set earlier.</summary>
    public static Task AddAsync(HttpContext context, RequestDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        context.Response.OnStarting(
            static response =>
            {
                var headers = ((HttpResponse)response).Headers;
                // An endpoint's stricter header is kept.
                headers.TryAdd(HeaderNames.CacheControl, NoStore);
                headers.TryAdd(HeaderNames.ContentSecurityPolicy, NoContent);
                headers.TryAdd(HeaderNames.XContentTypeOptions, NoSniff);
                return Task.CompletedTask;
            },
            context.Response);
        return next(context);
    }
}
