using System.Net;
using System.Text.Json;

namespace Meshara.Tests.ServiceDefaults;

/// <summary>OTEL_ variables with invalid values, which the specification requires to be ignored with a warning.</summary>
[Collection(Telemetry.ExportCollection.Name)]
public sealed class TelemetryVariableTests
{
    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4317", "http://HOST:PORT")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317", "http://HOST:PORT")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "not_a_url", "http://HOST:PORT")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "tcp://127.0.0.1:1", "http://HOST:PORT")]
    [InlineData("MESHARA_OTLP_TRACES_ENDPOINT", "127.0.0.1:4317", "http://HOST:PORT")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "grpc")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http", "grpc")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "novalue", "name=value")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b,novalue", "name=value")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "-1", "milliseconds")]
    [InlineData("OTEL_EXPORTER_OTLP_COMPRESSION", "zip", "gzip")]
    [InlineData("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem", "a file")]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "sometimes", "cumulative")]
    [InlineData("OTEL_TRACES_EXPORTER", "zipkin", "otlp")]
    [InlineData("OTEL_TRACES_SAMPLER", "foo", "parentbased_always_on")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "0,0", "0 to 1")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "2", "0 to 1")]
    [InlineData("OTEL_METRICS_EXEMPLAR_FILTER", "foo", "trace_based")]
    [InlineData("OTEL_BSP_MAX_QUEUE_SIZE", "many", "a number")]
    [InlineData("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100000", "OTEL_BSP_MAX_QUEUE_SIZE")]
    [InlineData("OTEL_BLRP_SCHEDULE_DELAY", "0", "milliseconds")]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL", "1m", "milliseconds")]
    [InlineData("OTEL_RESOURCE_ATTRIBUTES", "novalue", "name=value")]
    [InlineData("OTEL_SDK_DISABLED", "yes", "true")]
    public async Task A_variable_that_makes_no_sense_is_named_once_and_ignored(string name, string value, string allowed)
    {
        var settings = new Dictionary<string, string?> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1", [name] = value };
        await using var service = await TestService.StartAsync(settings: settings);
        var line = await service.Output.EventAsync("TelemetryVariableIgnored", TestContext.Current.CancellationToken);
        Assert.Equal(("WARN", name), (line.GetProperty("level").GetString(), line.GetProperty("variable").GetString()));
        Assert.Contains(allowed, line.GetProperty("allowed").GetString(), StringComparison.Ordinal);
        Assert.Contains(name, line.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Single(service.Output.Lines, IsIgnored);
        using var metrics = await service.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.OK, metrics.StatusCode);
    }

    [Fact]
    public async Task Variables_that_make_sense_are_not_warned_of()
    {
        await using var service = await TestService.StartAsync(settings: new()
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1/base",
            ["OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"] = "",
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_EXPORTER_OTLP_HEADERS"] = "a=b,c=%20d, e=",
            ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "5000",
            ["OTEL_EXPORTER_OTLP_COMPRESSION"] = "gzip",
            ["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"] = "LowMemory",
            ["OTEL_METRICS_EXPORTER"] = "none",
            ["OTEL_LOGS_EXPORTER"] = "otlp",
            ["OTEL_TRACES_SAMPLER"] = "traceidratio",
            ["OTEL_TRACES_SAMPLER_ARG"] = "0.5",
            ["OTEL_METRICS_EXEMPLAR_FILTER"] = "always_off",
            ["OTEL_BSP_MAX_QUEUE_SIZE"] = "4096",
            ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "4096",
            ["OTEL_RESOURCE_ATTRIBUTES"] = "a=b,c=d",
            ["OTEL_SDK_DISABLED"] = "false",
        });
        using var metrics = await service.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.OK, metrics.StatusCode);
        await service.Output.EventAsync("ListeningOnAddress", TestContext.Current.CancellationToken);
        Assert.DoesNotContain(service.Output.Lines, IsIgnored);
    }

    [Fact]
    public async Task Metrics_that_are_turned_off_say_so()
    {
        await using var service = await TestService.StartAsync(settings: new() { ["OTEL_SDK_DISABLED"] = "true" });
        using var metrics = await service.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, metrics.StatusCode);
        Assert.Contains("OTEL_SDK_DISABLED", await metrics.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var line = await service.Output.EventAsync("TelemetryDisabled", TestContext.Current.CancellationToken);
        Assert.Equal("WARN", line.GetProperty("level").GetString());
    }

    private static bool IsIgnored(JsonElement line) =>
        line.TryGetProperty("event", out var name) && name.GetString() == "TelemetryVariableIgnored";
}
