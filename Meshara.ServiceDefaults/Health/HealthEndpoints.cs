using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Meshara.ServiceDefaults.Health;

/// <summary>
/// Maps <c>/health</c> for people and dashboards, <c>/ready</c> and <c>/live</c> for orchestrators, in production too.
/// </summary>
internal static class HealthEndpoints
{
    public const string HealthPath = "/health";
    public const string ReadyPath = "/ready";
    public const string LivePath = "/live";

    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        // Created now, so that it counts from the start of the service and not from the first request.
        var uptime = endpoints.ServiceProvider.GetRequiredService<Uptime>();
        var resources = endpoints.ServiceProvider.GetRequiredService<ProcessResources>();
        var vitals = endpoints.ServiceProvider.GetService<INodeVitals>();

        Map(endpoints, HealthPath, HealthTags.Health, report => HealthBody.OfHealth(
            report, uptime.Elapsed, vitals?.ConnectedPeers ?? 0, vitals?.PendingMessages ?? 0, resources.WorkingSetBytes, resources.CpuPercent));
        Map(endpoints, ReadyPath, HealthTags.Ready, HealthBody.OfProbe);
        Map(endpoints, LivePath, HealthTags.Live, HealthBody.OfProbe);
    }

    private static void Map(IEndpointRouteBuilder endpoints, string path, string tag, Func<HealthReport, byte[]> body)
    {
        var checks = endpoints.ServiceProvider.GetRequiredService<HealthCheckService>();
        endpoints.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], async (HttpContext context) =>
            {
                var report = await checks.CheckHealthAsync(check => check.Tags.Contains(tag), context.RequestAborted);
                var utf8 = body(report);
                // Degraded still serves: taking it out of rotation or restarting it would make things worse.
                context.Response.StatusCode = report.Status != HealthStatus.Unhealthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
                context.Response.ContentType = "application/json";
                context.Response.ContentLength = utf8.Length;
                context.Response.Headers.CacheControl = "no-store";
                if (!HttpMethods.IsHead(context.Request.Method))
                    await context.Response.Body.WriteAsync(utf8, context.RequestAborted);
            })
            .AllowAnonymous()
            .DisableHttpMetrics()
            .ExcludeFromDescription();
    }
}
