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
    /// Prometheus text and OpenMetrics by <c>Accept</c>, on one local port. The port of the connection decides and not the
    /// <c>Host</c> header, as <c>RequireHost</c> would have it: a caller writes that header as it likes.
    /// </summary>
    public static void MapMetrics(this IEndpointRouteBuilder endpoints, int? port)
    {
        if (TelemetryExtensions.IsDisabled(endpoints.ServiceProvider.GetRequiredService<IConfiguration>()))
            endpoints.MapGet(Path, context => RefuseAsync(context.Response));
        else
            MapScraping(endpoints, port);
    }

    /// <summary>An empty answer would look like a node that has nothing to tell.</summary>
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

    /// <summary>Scrapes are not requests of users; their duration would be most of what the request histogram shows.</summary>
    private sealed class ExcludeFromMetrics : Microsoft.AspNetCore.Http.Metadata.IDisableHttpMetricsMetadata;
}
