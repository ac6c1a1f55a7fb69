using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// The OTLP destination of one signal. A signal's own variables (<c>OTEL_EXPORTER_OTLP_TRACES_ENDPOINT</c>) win over the
/// general ones. A signal without an endpoint is not exported; <c>UseOtlpExporter</c> would send it to localhost.
/// </summary>
/// <seealso href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/"/>
internal sealed class OtlpExport(IConfiguration configuration, string signal, string prefix = OtlpExport.General)
{
    public const string Traces = "TRACES";
    public const string Metrics = "METRICS";
    public const string Logs = "LOGS";

    /// <summary>Prefix of the standard's variables.</summary>
    public const string General = "OTEL_EXPORTER_OTLP_";

    // The standard has one destination per signal. Traces may have a second: a developer's dashboard and a store.
    private const string Second = "MESHARA_OTLP_";

    /// <summary>
    /// True for the destination beside the standard's. It gets the service's own name: a developer's dashboard sets
    /// <c>OTEL_SERVICE_NAME</c> to a name per process, but a store is searched by service.
    /// </summary>
    public bool IsSecond => prefix == Second;

    /// <summary>Every destination of traces.</summary>
    public static IReadOnlyList<OtlpExport> AllTraces(IConfiguration configuration) =>
        [.. new OtlpExport[] { new(configuration, Traces), new(configuration, Traces, Second) }.Where(place => place.IsEnabled)];

    /// <summary>True if an endpoint is configured and <c>OTEL_TRACES_EXPORTER</c> (or the like) is not <c>none</c>.</summary>
    public bool IsEnabled =>
        (Own("ENDPOINT") ?? Shared("ENDPOINT")) is not null
        && !string.Equals(configuration[$"OTEL_{signal}_EXPORTER"], "none", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Creates the exporter's options. It reads other settings (certificates, compression) from the environment itself.
    /// </summary>
    public OtlpExporterOptions CreateOptions()
    {
        var options = new OtlpExporterOptions();
        if ((Own("PROTOCOL") ?? Shared("PROTOCOL")) is { } protocol)
            options.Protocol = protocol == "http/protobuf" ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        else if (prefix == Second)
            options.Protocol = OtlpExportProtocol.Grpc;
        if (Own("ENDPOINT") is { } own && Uri.TryCreate(own, UriKind.Absolute, out var address))
            options.Endpoint = address;
        else if (Shared("ENDPOINT") is { } shared && Uri.TryCreate(shared, UriKind.Absolute, out address))
            options.Endpoint = options.Protocol == OtlpExportProtocol.Grpc ? address : PathOf(address);
        if ((Own("HEADERS") ?? Shared("HEADERS")) is { } headers)
            options.Headers = headers;
        else
            options.Headers = ""; // The exporter would read the general ones, which may belong to another destination or be ignored.
        if ((Own("TIMEOUT") ?? Shared("TIMEOUT")) is { } timeout && int.TryParse(timeout, out var milliseconds))
            options.TimeoutMilliseconds = milliseconds;
        return options;
    }

    /// <summary>
    /// A shared HTTP endpoint is a base URL; each signal has its own path below it. A signal's own endpoint is used as is.
    /// </summary>
    private Uri PathOf(Uri endpoint) =>
        new UriBuilder(endpoint) { Path = $"{endpoint.AbsolutePath.TrimEnd('/')}/v1/{signal.ToLowerInvariant()}" }.Uri;

    private string? Own(string name) => NullIfEmpty(configuration[$"{prefix}{signal}_{name}"]);

    private string? Shared(string name) => NullIfEmpty(configuration[$"{prefix}{name}"]);

    private static string? NullIfEmpty(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
