using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Meshara.Node.Api;

/// <summary>
/// Decides who may use <c>/api</c> and <c>/openapi</c>; health and metrics stay open to probes and scrapers. With a token:
/// every caller that presents it. Without one: programs on this machine, but no web page in a browser on it.
/// </summary>
/// <remarks>
/// A page cannot connect to loopback under its own origin, but there are two ways around that. DNS rebinding: the page's host
/// name resolves to 127.0.0.1, so the browser takes the node for the page's origin; but it still sends that name as Host,
/// which is refused here. Cross-site request forgery: a form or a simple request needs no permission; but POST requires
/// application/json and DELETE is not a simple method, so a browser asks first (Fetch standard, CORS preflight), and nothing
/// here grants it.
/// </remarks>
internal sealed class ApiGuard(RequestDelegate next, IOptions<ApiOptions> options)
{
    private const string Scheme = "Bearer ";

    private readonly byte[]? _tokenHash = string.IsNullOrEmpty(options.Value.Token) ? null : Hash(options.Value.Token);

    private readonly string _ownHost = options.Value.Host;

    public Task InvokeAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/api") && !context.Request.Path.StartsWithSegments("/openapi"))
            return next(context);
        if (context.Features.Get<MetricsListener>() is not null)
            return new ApiProblem(StatusCodes.Status404NotFound, ErrorCodes.NotFound, "This port serves metrics only; the API has its own.").ExecuteAsync(context);
        var refusal = _tokenHash is null ? CheckHost(context) : CheckToken(context, _tokenHash);
        refusal ??= CheckEncoding(context);
        if (refusal is not null)
            return refusal.ExecuteAsync(context);
        context.Features.Set(Passed.Instance);
        return next(context);
    }

    private ApiProblem? CheckHost(HttpContext context)
    {
        var host = context.Request.Host.Host.Trim('[', ']');
        return HostPort.IsLoopback(host)
            || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
            || host.Equals(_ownHost, StringComparison.OrdinalIgnoreCase)
            || host.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase)
                ? null
                : new ApiProblem(StatusCodes.Status403Forbidden, ApiErrorCodes.ForbiddenHost,
                    "The Host header does not name this machine. Use http://127.0.0.1 or http://localhost, or set Api:Token to allow other names.");
    }

    /// <summary>Refuses a compressed body, which would otherwise be reported as broken JSON.</summary>
    private static ApiProblem? CheckEncoding(HttpContext context)
    {
        var encoding = context.Request.Headers.ContentEncoding.ToString();
        return encoding.Length == 0 || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase)
            ? null
            : new ApiProblem(StatusCodes.Status415UnsupportedMediaType, ApiErrorCodes.UnsupportedMediaType,
                $"Bodies are taken uncompressed, not with Content-Encoding: {Printable.Bounded(encoding, 32)}.");
    }

    private static ApiProblem? CheckToken(HttpContext context, byte[] expected)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var given = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
        // Hashes have a fixed length and are compared in constant time, so the timing reveals nothing about the token.
        if (given is not null && CryptographicOperations.FixedTimeEquals(Hash(given), expected))
            return null;
        context.Response.Headers[HeaderNames.WWWAuthenticate] = given is null
            ? "Bearer realm=\"meshara\""
            : "Bearer realm=\"meshara\", error=\"invalid_token\"";
        return new ApiProblem(StatusCodes.Status401Unauthorized, ApiErrorCodes.Unauthorized, given is null
            ? "A bearer token is needed: send the header Authorization: Bearer TOKEN with the value of Api:Token."
            : "The bearer token is wrong: it must be the value of Api:Token.");
    }

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>Marks a request that was let through; the API's endpoints answer no other.</summary>
    public sealed class Passed
    {
        public static readonly Passed Instance = new();
    }
}
