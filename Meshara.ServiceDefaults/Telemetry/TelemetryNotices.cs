using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>Says at start what of the telemetry's configuration was ignored, and that it is turned off.</summary>
internal sealed partial class TelemetryNotices(IReadOnlyList<IgnoredVariable> ignored, bool isDisabled, ILogger<TelemetryNotices> logger) : IHostedService
{
    private const int LongestValue = 200;

    // What headers hold is often a secret.
    private const string Secret = "HEADERS";

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var variable in ignored)
            Log.Ignored(logger, variable.Name, Shown(variable), variable.Allowed);
        if (isDisabled)
            Log.Disabled(logger);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Makes values that mean nothing look as if they had not been given, also to the exporter, which reads the environment itself.</summary>
    public static IReadOnlyList<IgnoredVariable> Ignore(IConfigurationManager configuration)
    {
        IgnoredVariable[] ignored = [.. TelemetryVariables.FindIgnored(configuration)];
        if (ignored.Length == 0)
            return ignored;
        configuration.AddInMemoryCollection(ignored.Select(variable => KeyValuePair.Create(variable.Name, (string?)null)));
        foreach (var variable in ignored)
            Environment.SetEnvironmentVariable(variable.Name, null);
        return ignored;
    }

    private static string Shown(IgnoredVariable variable) =>
        variable.Name.EndsWith(Secret, StringComparison.Ordinal) ? "…"
        : variable.Value.Length <= LongestValue ? variable.Value : variable.Value[..LongestValue] + "…";

    private static partial class Log
    {
        [LoggerMessage(EventName = "TelemetryVariableIgnored", Level = LogLevel.Warning, Message = "{variable} is ignored: it is '{value}' and may be {allowed}")]
        public static partial void Ignored(ILogger logger, string variable, string value, string allowed);

        [LoggerMessage(EventName = "TelemetryDisabled", Level = LogLevel.Warning,
            Message = "OTEL_SDK_DISABLED is true: there are no metrics, no traces and no export, and /metrics answers 503")]
        public static partial void Disabled(ILogger logger);
    }
}
