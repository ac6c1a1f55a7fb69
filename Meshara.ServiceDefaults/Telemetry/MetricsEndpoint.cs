using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.ServiceDefaults.Telemetry;

internal static class MetricsEndpoint
{
    public const string Path = "/metrics";

    /// <summary>
    /// Serves Prometheus text or OpenMetrics, depending on <c>Accept</c>, on one local port. The connection's port decides and
    /// not the <c>Host</c> header, as with <c>RequireHost</c>: the caller controls that header.
    /// </summary>
    public static void MapMetrics(this IEndpointRouteBuilder endpoints, int? port)
    {
        if (TelemetryExtensions.IsDisabled(endpoints.ServiceProvider.GetRequiredService<IConfiguration>()))
            endpoints.MapGet(Path, context => RefuseAsync(context.Response));
        else
            MapScraping(endpoints, port);
    }

    /// <summary>Answers 503, because an empty answer would look like a node without anything to report.</summary>
    private static Task RefuseAsync(HttpResponse response)
    {
        response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return response.WriteAsync($"There are no metrics: {TelemetryVariables.Disabled} is true.\n");
    }

    private static void MapScraping(IEndpointRouteBuilder endpoints, int? port) => endpoints
        .MapPrometheusScrapingEndpoint(
            Path,
            meterProvider: null,
            configureBranchedPipeline: branch => branch.Use((context, next) =>
            {
                if (port is null || context.Connection.LocalPort == port)
                    return next(context);
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            }),
            optionsName: null)
        .WithDisplayName("Metrics")
        .WithMetadata(new ExcludeFromMetrics());

    /// <summary>Scrapes are not user requests; they would dominate the request duration histogram.</summary>
    private sealed class ExcludeFromMetrics : Microsoft.AspNetCore.Http.Metadata.IDisableHttpMetricsMetadata;
}
