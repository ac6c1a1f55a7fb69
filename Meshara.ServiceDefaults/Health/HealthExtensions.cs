using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Meshara.ServiceDefaults.Health;

internal static class HealthExtensions
{
    /// <summary>
    /// Adds the check that every service has. Services add their own with <c>AddHealthChecks()</c> and the tags of
    /// <see cref="HealthTags"/>.
    /// </summary>
    public static IHostApplicationBuilder AddDefaultHealthChecks(this IHostApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton<ProcessResources>();
        builder.Services.TryAddSingleton<Uptime>();
        builder.Services.AddSingleton<EventLoopMonitor>();
        builder.Services.AddHostedService(services => services.GetRequiredService<EventLoopMonitor>());
        builder.Services.AddHealthChecks().AddCheck<EventLoopCheck>(EventLoopCheck.Name, tags: [HealthTags.Health, HealthTags.Live]);
        // A check that hangs must answer as failed instead of holding the probe.
        builder.Services.PostConfigure<HealthCheckServiceOptions>(options =>
        {
            foreach (var registration in options.Registrations)
            {
                if (registration.Timeout == Timeout.InfiniteTimeSpan)
                    registration.Timeout = TimeSpan.FromSeconds(5);
            }
        });
        return builder;
    }
}
