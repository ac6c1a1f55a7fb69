using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>
/// A server in the place of one of the stack's: it answers some paths by asking the server it stands for, and all others with an error.
/// Which ones can change from one request to the next.
/// </summary>
internal sealed class StandIn : IAsyncDisposable
{
    /// <summary>All paths begin with it.</summary>
    public const string Everything = "";

    /// <summary>No path begins with it.</summary>
    public const string Nothing = "/nothing/begins/with/this";

    private readonly WebApplication _app;
    private volatile string _served;

    private StandIn(WebApplication app, string served)
    {
        _app = app;
        _served = served;
    }

    /// <summary>Where it listens, as a target.</summary>
    public string Target { get; private set; } = "";

    /// <summary>What the paths that are passed on begin with; from now on.</summary>
    public string Served
    {
        get => _served;
        set => _served = value;
    }

    /// <summary>Starts it.</summary>
    /// <param name="behind">The server it stands for.</param>
    /// <param name="served">What the paths that are passed on begin with.</param>
    /// <param name="stop">Ends the start.</param>
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
