using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Meshara.Node;
using Meshara.Node.Api;
using Meshara.Node.Delivery;
using Meshara.Node.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Meshara.Tests.Api;

/// <summary>The API on a real Kestrel server, on free loopback ports, above a <see cref="MeshDouble"/>.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    public const string Health =
        """{"status":"Degraded","uptime":123,"connected_peers":4,"pending_messages":7,"memory_mb":58,"cpu_percent":2.4,"checks":{"peers":"Degraded","storage":"Healthy"}}""";

    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly WebApplication _app;

    private ApiServer(WebApplication app, MeshDouble mesh, ErrorLog errors)
    {
        (_app, Mesh, Errors) = (app, mesh, errors);
        var addresses = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.ToArray();
        Url = new Uri(addresses[0]);
        MetricsUrl = new Uri(addresses[^1]);
        Client = new HttpClient { BaseAddress = Url, Timeout = Deadline };
    }

    public MeshDouble Mesh { get; }

    public ErrorLog Errors { get; }

    public Uri Url { get; }

    public Uri MetricsUrl { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<ApiServer> StartAsync(
        Dictionary<string, string?>? settings = null, TimeProvider? time = null, string environment = "Production", Action<WebApplication>? map = null)
    {
        var mesh = new MeshDouble();
        var errors = new ErrorLog();
        var configuration = new Dictionary<string, string?>
        {
            ["Api:Port"] = "0",
            ["Metrics:Port"] = "0",
            ["Delivery:MaxMessageBytes"] = $"{MeshDouble.MaxMessageBytes}",
        };
        foreach (var (key, value) in settings ?? [])
            configuration[key] = value;

        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Logging.ClearProviders().AddProvider(errors);
        builder.Services
            .AddSingleton(time ?? TimeProvider.System)
            .AddSingleton<INodeView>(mesh).AddSingleton<IMessenger>(mesh).AddSingleton<IInbox>(mesh)
            .AddMeshApi();
        NodeSettings.From(new ConfigurationBuilder().AddInMemoryCollection(configuration).Build()).AddTo(builder.Services);
        var app = builder.Build();
        app.UseMeshApi();
        app.MapMeshApi();
        app.MapGet("/health", () => Results.Text(Health, "application/json", Encoding.UTF8, StatusCodes.Status503ServiceUnavailable));
        map?.Invoke(app);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new ApiServer(app, mesh, errors);
    }

    public Task StopAsync() => _app.StopAsync(TestContext.Current.CancellationToken).WaitAsync(Deadline, TestContext.Current.CancellationToken);

    public Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public Task<HttpResponseMessage> PostAsync(string path, string body, string contentType = "application/json") =>
        SendAsync(HttpMethod.Post, path, new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse(contentType)));

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    /// <summary>Keeps log entries at Error and above: errors that the API expects must not be logged there.</summary>
    public sealed class ErrorLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Lines.Enqueue($"{eventId.Name}: {formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }
}

internal static class Answers
{
    public static async Task<JsonNode> JsonAsync(this HttpResponseMessage response, HttpStatusCode status = HttpStatusCode.OK)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>Checks the required members of a problem, and returns its detail.</summary>
    public static async Task<string> ProblemAsync(this HttpResponseMessage response, HttpStatusCode status, string code)
    {
        var problem = await response.JsonAsync(status);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["type", "title", "status", "detail", "code", "trace_id"], problem.AsObject().Select(member => member.Key));
        Assert.Equal(((int)status, code), ((int)problem["status"]!, (string)problem["code"]!));
        Assert.NotEmpty((string)problem["trace_id"]!);
        var detail = (string)problem["detail"]!;
        Assert.DoesNotContain("Meshara.Node", detail, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", detail, StringComparison.Ordinal);
        return detail;
    }

    public static void IsJson(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"Expected {expected}, got {actual?.ToJsonString()}");
}
