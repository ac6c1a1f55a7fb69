using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// Where one signal goes by OTLP. A signal's own variables (<c>OTEL_EXPORTER_OTLP_TRACES_ENDPOINT</c>) win over the
/// general ones, and a signal without an endpoint is not exported: <c>UseOtlpExporter</c> would send it to localhost.
/// </summary>
/// <seealso href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/"/>
internal sealed class OtlpExport(IConfiguration configuration, string signal)
{
    private const string General = "OTEL_EXPORTER_OTLP_";

    /// <summary>An endpoint is configured and <c>OTEL_TRACES_EXPORTER</c> (or the like) does not say <c>none</c>.</summary>
    public bool IsEnabled =>
        (Own("ENDPOINT") ?? NullIfEmpty(configuration[$"{General}ENDPOINT"])) is not null
        && !string.Equals(configuration[$"OTEL_{signal}_EXPORTER"], "none", StringComparison.OrdinalIgnoreCase);

    /// <summary>Puts the signal's own variables over the general ones, which the exporter has read itself.</summary>
    public void Configure(OtlpExporterOptions options)
    {
        if (Own("PROTOCOL") is { } protocol)
            options.Protocol = protocol == "http/protobuf" ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        if (Own("ENDPOINT") is { } endpoint && Uri.TryCreate(endpoint, UriKind.Absolute, out var address))
            options.Endpoint = address;
        if (Own("HEADERS") is { } headers)
            options.Headers = headers;
        if (Own("TIMEOUT") is { } timeout && int.TryParse(timeout, out var milliseconds))
            options.TimeoutMilliseconds = milliseconds;

        // A factory that is not the default one keeps the exporter off IHttpClientFactory and so off the resilience
        // handler of all clients: the exporter retries by itself, and its retries must not be logged and exported again.
        var create = options.HttpClientFactory;
        options.HttpClientFactory = () => create();
    }

    private string? Own(string name) => NullIfEmpty(configuration[$"{General}{signal}_{name}"]);

    private static string? NullIfEmpty(string? value) => string.IsNullOrWhiteSpace(value) ? null : value;
}
