using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>A scrape target that answers with a given text.</summary>
internal sealed class ExposedText : IAsyncDisposable
{
    private readonly WebApplication _app;
    private volatile string _text;

    private ExposedText(WebApplication app, string text)
    {
        _app = app;
        _text = text;
    }

    /// <summary>Its address, as a target.</summary>
    public string Target => new Uri(_app.Urls.First()).Authority;

    /// <summary>The answer to the next scrapes, in Prometheus' text format.</summary>
    public string Text
    {
        get => _text;
        set => _text = value;
    }

    public static async Task<ExposedText> StartAsync(string text, CancellationToken stop)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var target = new ExposedText(builder.Build(), text);
        target._app.MapGet("/metrics", () => Results.Text(target.Text, "text/plain; version=0.0.4"));
        await target._app.StartAsync(stop);
        return target;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
