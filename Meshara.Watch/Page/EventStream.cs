using Meshara.Watch.Mesh;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Meshara.Watch.Page;

/// <summary>Sends views as server-sent events until the page is closed. A page that reads slowly gets fewer, so nothing piles up.</summary>
internal sealed class EventStream(MeshWatch watch)
{
    private static readonly byte[] Before = "event: mesh\ndata: "u8.ToArray(), After = "\n\n"u8.ToArray();

    /// <summary>Writes the stream.</summary>
    public async Task WriteAsync(HttpContext context)
    {
        var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        try
        {
            await response.StartAsync(end.Token);
            await foreach (var view in watch.FollowAsync(end.Token))
            {
                await response.BodyWriter.WriteAsync(Before, end.Token);
                await response.BodyWriter.WriteAsync(view.Json, end.Token);
                await response.BodyWriter.WriteAsync(After, end.Token);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The page was closed, or the host stops.
        }
    }
}
