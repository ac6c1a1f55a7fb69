using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>Logs at startup which telemetry settings were ignored, and whether telemetry is disabled.</summary>
internal sealed partial class TelemetryNotices(IReadOnlyList<IgnoredVariable> ignored, bool isDisabled, ILogger<TelemetryNotices> logger) : IHostedService
{
    private const int LongestValue = 200;

    // Headers often hold secrets.
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

    /// <summary>Clears invalid variables, also in the environment, which the exporters read themselves, and returns them.</summary>
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
