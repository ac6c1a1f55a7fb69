using System.Diagnostics;
using System.Diagnostics.Metrics;
using Meshara.ServiceDefaults;
using Meshara.ServiceDefaults.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Meshara.Tests.ServiceDefaults;

/// <summary>A real service on free loopback ports, with the observability of any Meshara service.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestService(WebApplication app, CapturedOutput output, Meter meter, ActivitySource source) =>
        (_app, Output, Meter, Source) = (app, output, meter, source);

    public CapturedOutput Output { get; }

    public Meter Meter { get; }

    public ActivitySource Source { get; }

    public IServiceProvider Services => _app.Services;

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>The addresses the service listens on, in the order of its ports.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _app.Urls.Select(url => new Uri(url))];

    public static async Task<TestService> StartAsync(
        Action<ServiceDefaultsOptions>? configure = null,
        Action<WebApplicationBuilder>? build = null,
        Dictionary<string, string?>? settings = null,
        string environment = "Development",
        params int[] ports)
    {
        var output = new CapturedOutput();
        var name = $"Meshara.Tests.{Guid.NewGuid():N}";
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = environment, ApplicationName = "Meshara.Tests" });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.WebHost.UseUrls(ports.Length == 0
            ? ["http://127.0.0.1:0"]
            : [.. ports.Select(port => $"http://127.0.0.1:{port}")]);
        builder.AddServiceDefaults(options =>
        {
            options.ServiceName = "meshara";
            options.InstanceId = "node_0001";
            options.ServiceVersion = "1.2.3";
            options.ResourceAttributes["meshara.node.name"] = "node-1";
            options.Meters.Add(name);
            options.ActivitySources.Add(name);
            options.LogTargets.Add(new LogTarget("Meshara.Node.Transport", "meshara::network"));
            options.LogTargets.Add(new LogTarget("Meshara.Node.Routing", "meshara::routing"));
            options.Logs.OpenStandardOutput = () => output;
            configure?.Invoke(options);
        });
        build?.Invoke(builder);
        var app = builder.Build();
        app.MapDefaultEndpoints();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestService(app, output, new Meter(name), new ActivitySource(name));
    }

    public ILogger Logger(string category) => Services.GetRequiredService<ILoggerFactory>().CreateLogger(category);

    public Task<HttpResponseMessage> GetAsync(string path, string? accept = null, int address = 0)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Addresses[address], path));
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        return Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
        Meter.Dispose();
        Source.Dispose();
        await Output.DisposeAsync();
    }
}
