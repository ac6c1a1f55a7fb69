using System.Reflection;
using Meshara.ServiceDefaults.Diagnostics;
using Meshara.ServiceDefaults.Health;
using Meshara.ServiceDefaults.Logging;
using Meshara.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;

namespace Meshara.ServiceDefaults;

/// <summary>Makes a service observable and able to discover and call others; each part is a method of its own.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>
    /// Adds JSON logs, OpenTelemetry metrics and traces, recent diagnostics, health checks, service discovery, and resilient HTTP
    /// clients.
    /// </summary>
    /// <exception cref="FormatException"><c>MESHARA_LOG</c> is not a valid filter; the message says what is wrong.</exception>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder, Action<ServiceDefaultsOptions>? configure = null)
        where TBuilder : IHostApplicationBuilder
    {
        var options = new ServiceDefaultsOptions();
        builder.Configuration.GetSection("Logs").Bind(options.Logs);
        configure?.Invoke(options);
        options.ServiceName ??= builder.Environment.ApplicationName;
        options.ServiceVersion ??= Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(options);
        builder.AddDefaultLogging(options)
            .AddDefaultTelemetry(options)
            .AddDefaultDiagnostics()
            .AddDefaultHealthChecks()
            .AddDefaultHttpClients();
        return builder;
    }

    /// <summary>
    /// Maps <c>/health</c>, <c>/ready</c>, <c>/live</c>, and <c>/metrics</c> on
    /// <see cref="ServiceDefaultsOptions.MetricsPort"/>.
    /// </summary>
    /// <remarks>They are mapped in production too: keep the ports off public networks.</remarks>
    public static TApp MapDefaultEndpoints<TApp>(this TApp app)
        where TApp : IEndpointRouteBuilder
    {
        app.MapHealth();
        app.MapMetrics(app.ServiceProvider.GetRequiredService<ServiceDefaultsOptions>().MetricsPort);
        return app;
    }

    /// <summary>Makes HTTP clients resolve service names and retry safe requests.</summary>
    private static IHostApplicationBuilder AddDefaultHttpClients(this IHostApplicationBuilder builder)
    {
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            http.AddStandardResilienceHandler(options => options.Retry.DisableForUnsafeHttpMethods());
            http.AddServiceDiscovery();
        });
        return builder;
    }
}
