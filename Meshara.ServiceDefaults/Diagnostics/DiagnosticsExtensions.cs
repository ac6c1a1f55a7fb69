using Meshara.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Trace;

namespace Meshara.ServiceDefaults.Diagnostics;

internal static class DiagnosticsExtensions
{
    /// <summary>
    /// Keeps recent traces and logs in memory if <c>Diagnostics:Enabled</c> is true, which is the default in Development. Otherwise
    /// neither <see cref="RecentTraces"/> nor <see cref="RecentLogs"/> is registered, and nothing is collected.
    /// </summary>
    public static IHostApplicationBuilder AddDefaultDiagnostics(this IHostApplicationBuilder builder)
    {
        var options = builder.Configuration.GetSection("Diagnostics").Get<DiagnosticsOptions>() ?? new DiagnosticsOptions();
        if (!(options.Enabled ?? builder.Environment.IsDevelopment()))
            return builder;
        builder.Services.AddSingleton(_ => new RecentTraces(options));
        builder.Services.AddSingleton(_ => new RecentLogs(options));
        builder.Services.ConfigureOpenTelemetryTracerProvider((services, tracing) =>
        {
            var recent = services.GetRequiredService<RecentTraces>();
            services.GetRequiredService<TraceSampling>().Kept?.Feed(recent);
            tracing.AddProcessor(recent);
        });
        return builder;
    }
}
