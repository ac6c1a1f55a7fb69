namespace Meshara.Lab.Load;

/// <summary>Configuration and scraping of nodes for a <see cref="PairTelemetry"/>.</summary>
internal static class PairTelemetrySettings
{
    /// <summary>The variables of the OpenTelemetry SDK; traces go to <paramref name="sink"/> over OTLP/HTTP.</summary>
    public static Dictionary<string, string?> Settings(this PairTelemetry telemetry, OtlpSink sink)
    {
        var settings = new Dictionary<string, string?>
        {
            ["OTEL_TRACES_SAMPLER"] = telemetry switch
            {
                PairTelemetry.Sampled or PairTelemetry.Kept => "traceidratio",
                PairTelemetry.All => "always_on",
                _ => "always_off",
            },
            ["OTEL_TRACES_SAMPLER_ARG"] = "0.01",
            ["Traces:KeepFailedAndSlow"] = telemetry == PairTelemetry.Kept ? "true" : "false",
        };
        if (telemetry == PairTelemetry.Off)
            settings["OTEL_SDK_DISABLED"] = "true";
        if (telemetry >= PairTelemetry.Sampled)
        {
            settings["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = sink.Endpoint + "/v1/traces";
            settings["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf";
            settings["MESHARA_LOG"] = "meshara=info"; // the milestones of what is recorded
        }
        return settings;
    }

    /// <summary>Scrapes the pair's metrics until the result is disposed; null if the mode has no metrics.</summary>
    public static IAsyncDisposable? Scrape(this PairTelemetry telemetry, Pair pair, TimeSpan interval) =>
        telemetry == PairTelemetry.Off ? null : pair.Scrape(interval);
}
