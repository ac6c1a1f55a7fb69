using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>
/// A proxy in place of one of the stack's servers: it forwards requests for some paths and answers all others with an error. The
/// forwarded paths can change at any time.
/// </summary>
internal sealed class StandIn : IAsyncDisposable
{
    /// <summary>A prefix of all paths.</summary>
    public const string Everything = "";

    /// <summary>A prefix of no path.</summary>
    public const string Nothing = "/nothing/begins/with/this";

    private readonly WebApplication _app;
    private volatile string _served;

    private StandIn(WebApplication app, string served)
    {
        _app = app;
        _served = served;
    }

    /// <summary>Its address, as a target.</summary>
    public string Target { get; private set; } = "";

    /// <summary>The prefix of paths that are forwarded; a change applies to the next request.</summary>
    public string Served
    {
        get => _served;
        set => _served = value;
    }

    /// <summary>Starts the proxy.</summary>
    /// <param name="behind">The server behind it.</param>
    /// <param name="served">The prefix of paths that are forwarded.</param>
    /// <param name="stop">Cancels the start.</param>
    public static async Task<StandIn> StartAsync(Uri behind, string served, CancellationToken stop)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = behind };
        app.Lifetime.ApplicationStopped.Register(client.Dispose);
        var server = new StandIn(app, served);
        app.Run(context => context.Request.Path.StartsWithSegments(server.Served) ? PassOnAsync(context, client) : RefuseAsync(context));
        await app.StartAsync(stop);
        server.Target = new Uri(app.Urls.First()).Authority;
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync("This server refuses.");
    }

    private static async Task PassOnAsync(HttpContext context, HttpClient client)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), context.Request.Path + context.Request.QueryString.ToString())
        {
            Content = new StreamContent(context.Request.Body),
        };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        using var answer = await client.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
