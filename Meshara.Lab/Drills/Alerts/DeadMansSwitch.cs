using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>A dead man's switch: it counts the signs of life that Alertmanager posts to it.</summary>
internal sealed class DeadMansSwitch : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _signs;

    private DeadMansSwitch(WebApplication app) => _app = app;

    /// <summary>The URL to post to.</summary>
    public string Url => $"{_app.Urls.First()}/ping";

    /// <summary>Number of signs of life received.</summary>
    public int Signs => Volatile.Read(ref _signs);

    /// <summary>Starts to listen.</summary>
    public static async Task<DeadMansSwitch> StartAsync(CancellationToken stop)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var dead = new DeadMansSwitch(builder.Build());
        dead._app.MapPost("/ping", () =>
        {
            Interlocked.Increment(ref dead._signs);
            return Results.Ok();
        });
        await dead._app.StartAsync(stop);
        return dead;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
