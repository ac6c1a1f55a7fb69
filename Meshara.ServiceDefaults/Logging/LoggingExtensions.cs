using Meshara.ServiceDefaults.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Meshara.ServiceDefaults.Logging;

internal static class LoggingExtensions
{
    /// <summary>Replaces the host's log providers with JSON lines whose levels can change while the service runs.</summary>
    /// <exception cref="FormatException"><c>MESHARA_LOG</c> is not a valid filter.</exception>
    public static IHostApplicationBuilder AddDefaultLogging(this IHostApplicationBuilder builder, ServiceDefaultsOptions options)
    {
        options.Logs.Directory ??= builder.Configuration["MESHARA_LOG_DIR"];
        options.Logs.FileName ??= options.ResourceAttributes.TryGetValue("meshara.node.name", out var name) ? $"{name}" : options.ServiceName;

        var targets = new LogTargetMap(options.LogTargets);
        var filter = LogFilter.Parse(builder.Configuration["MESHARA_LOG"] ?? "");
        builder.Services.AddSingleton(_ => new LogLevels(targets, filter));
        builder.Services.AddSingleton<IPostConfigureOptions<LoggerFilterOptions>>(services => services.GetRequiredService<LogLevels>());
        builder.Services.AddSingleton<IOptionsChangeTokenSource<LoggerFilterOptions>>(services => services.GetRequiredService<LogLevels>());

        builder.Logging.ClearProviders();
        // Lines already carry the current activity's trace; as a scope it would be formatted twice for every call.
        builder.Logging.Configure(factory => factory.ActivityTrackingOptions = ActivityTrackingOptions.None);
        builder.Services.AddSingleton<LostLines>();
        builder.Services.AddSingleton<LogLines>();
        builder.Services.AddSingleton<ILoggerProvider>(services => new JsonLoggerProvider(
            options, targets, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<LostLines>(),
            services.GetService<RecentLogs>(), services.GetRequiredService<LogLines>()));
        return builder;
    }
}
