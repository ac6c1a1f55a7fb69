using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Meshara.Tests.Logging;

/// <summary>A double of Elasticsearch and Kibana for the set-up script: stores what is put, and returns it.</summary>
internal sealed class ElasticDouble : IAsyncDisposable
{
    private const string Prefix = "/_component_template/";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, string> _kept = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Request> _requests = new();

    private ElasticDouble(WebApplication app) => _app = app;

    /// <summary>The address of both.</summary>
    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>The requests that changed something, in order, such as <c>PUT /_ilm/policy/x</c>.</summary>
    public IEnumerable<string> Changes => _requests.Where(request => request.Method != "GET").Select(request => $"{request.Method} {request.Path}");

    public IEnumerable<Request> Requests => _requests;

    /// <summary>A path to refuse, with <c>{"error":"no"}</c>.</summary>
    public string? Refused { get; set; }

    /// <summary>Kibana's answer to an import.</summary>
    public string ImportAnswer { get; set; } = """{"successCount":10,"success":true}""";

    public static async Task<ElasticDouble> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new ElasticDouble(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public void Forget() => _requests.Clear();

    public string Kept(string path) => _kept[path];

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var path = context.Request.Path.Value!;
        var request = new Request(context.Request.Method, path + context.Request.QueryString, await reader.ReadToEndAsync(context.RequestAborted), context.Request.Headers.Authorization.ToString());
        _requests.Enqueue(request);
        var (status, answer) = Answer(path, request);
        context.Response.StatusCode = status;
        await context.Response.WriteAsync(answer, context.RequestAborted);
    }

    private (int Status, string Body) Answer(string path, Request request)
    {
        if (path == Refused)
            return (400, """{"error":"no"}""");
        switch (request.Method)
        {
            case "PUT":
                _kept[path] = request.Body;
                return (200, """{"acknowledged":true}""");
            case "POST":
                return (200, path.EndsWith("_import", StringComparison.Ordinal) ? ImportAnswer : "{}");
            default:
                var lookedUp = path.StartsWith(Prefix, StringComparison.Ordinal) || path.StartsWith("/_data_stream/", StringComparison.Ordinal);
                return !lookedUp ? (200, "{}") : _kept.TryGetValue(path, out var body) ? (200, body) : (404, """{"error":"unknown"}""");
        }
    }

    internal sealed record Request(string Method, string Path, string Body, string Authorization);
}
