using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Meshara.Lab.Load;

/// <summary>An OTLP/HTTP receiver that reads each request to its end and discards it.</summary>
internal sealed class OtlpSink : IAsyncDisposable
{
    private readonly WebApplication _app;
    private long _bytes;

    private OtlpSink(WebApplication app) => _app = app;

    /// <summary>The value of <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.</summary>
    public string Endpoint => _app.Urls.First();

    /// <summary>Bytes received so far.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>The signal (such as <c>metrics</c>) to refuse; null to accept all.</summary>
    public string? Refuses { get; set; }

    /// <summary>Delay before each request is answered.</summary>
    public TimeSpan Delay { get; set; }

    public static async Task<OtlpSink> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var sink = new OtlpSink(app);
        app.MapPost("/v1/{signal}", sink.TakeAsync);
        await app.StartAsync(cancellationToken);
        return sink;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        while (true)
        {
            var read = await context.Request.BodyReader.ReadAsync(context.RequestAborted);
            Interlocked.Add(ref _bytes, read.Buffer.Length);
            context.Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                break;
        }
        await Task.Delay(Delay, context.RequestAborted);
        if (Refuses is { } signal && signal == (string?)context.Request.RouteValues["signal"])
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/x-protobuf"; // an empty message: everything was accepted
    }
}
