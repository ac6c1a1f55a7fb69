using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Meshara.Node.Api;

/// <summary>
/// What every answer forbids a browser and a proxy: to keep it, to show it in a frame or run anything in it, and to take it for another
/// type than it says. Errors and health have them, too.
/// </summary>
/// <remarks>As the REST Security Cheat Sheet of OWASP has them; Strict-Transport-Security is left to the host name's owner.</remarks>
internal static class SecurityHeaders
{
    private static readonly StringValues NoStore = "no-store";
    private static readonly StringValues NoContent = "default-src 'none'; frame-ancestors 'none'";
    private static readonly StringValues NoSniff = "nosniff";

    /// <summary>Adds them when the answer starts: the handler of exceptions removes what was set before.</summary>
    public static Task AddAsync(HttpContext context, RequestDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        context.Response.OnStarting(
            static response =>
            {
                var headers = ((HttpResponse)response).Headers;
                // Whoever forbids more keeps it.
                headers.TryAdd(HeaderNames.CacheControl, NoStore);
                headers.TryAdd(HeaderNames.ContentSecurityPolicy, NoContent);
                headers.TryAdd(HeaderNames.XContentTypeOptions, NoSniff);
                return Task.CompletedTask;
            },
            context.Response);
        return next(context);
    }
}
