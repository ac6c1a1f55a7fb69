using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// Every variable that telemetry reads, with its allowed values. The specification requires invalid values to be ignored with
/// a warning; the SDK ignores some silently, and others would end the program.
/// </summary>
/// <seealso href="https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/"/>
/// <seealso href="https://opentelemetry.io/docs/specs/otel/protocol/exporter/"/>
internal static class TelemetryVariables
{
    public const string Disabled = "OTEL_SDK_DISABLED";

    private const string QueueSize = "MAX_QUEUE_SIZE", BatchSize = "MAX_EXPORT_BATCH_SIZE";

    private static readonly string[] Samplers =
        ["always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"];

    /// <summary>The variables whose values are invalid.</summary>
    public static IEnumerable<IgnoredVariable> FindIgnored(IConfiguration configuration)
    {
        foreach (var (name, allowed, makesSense) in All())
        {
            if (configuration[name] is { } value && !string.IsNullOrWhiteSpace(value) && !makesSense(value.Trim()))
                yield return new IgnoredVariable(name, value, allowed);
        }
        foreach (var prefix in (string[])["OTEL_BSP_", "OTEL_BLRP_"])
        {
            if (IsNumber(configuration[prefix + BatchSize], 1, out var batch) && batch > (IsNumber(configuration[prefix + QueueSize], 1, out var queue) ? queue : 2048))
                yield return new IgnoredVariable(prefix + BatchSize, configuration[prefix + BatchSize]!, $"at most {prefix}{QueueSize} (2048)");
        }
    }

    private static IEnumerable<(string Name, string Allowed, Func<string, bool> MakesSense)> All()
    {
        yield return OneOf(Disabled, "true", "false");
        yield return OneOf("OTEL_TRACES_SAMPLER", Samplers);
        yield return ("OTEL_TRACES_SAMPLER_ARG", "0 to 1, like 0.05", IsRatio);
        yield return OneOf("OTEL_METRICS_EXEMPLAR_FILTER", "always_on", "always_off", "trace_based");
        yield return Pairs("OTEL_RESOURCE_ATTRIBUTES");
        foreach (var variable in Numbers().Concat(Exports(OtlpExport.General)).Concat(Exports("MESHARA_OTLP_")))
            yield return variable;
        yield return OneOf($"{OtlpExport.General}METRICS_TEMPORALITY_PREFERENCE", "cumulative", "delta", "lowmemory");
        yield return OneOf($"{OtlpExport.General}METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "explicit_bucket_histogram", "base2_exponential_bucket_histogram");
        foreach (var file in (string[])["CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"])
            yield return (OtlpExport.General + file, "a file that is there", File.Exists);
        yield return List("OTEL_TRACES_EXPORTER", "otlp", "none");
        yield return List("OTEL_LOGS_EXPORTER", "otlp", "none");
        yield return List("OTEL_METRICS_EXPORTER", "otlp", "prometheus", "none");
    }

    private static IEnumerable<(string, string, Func<string, bool>)> Numbers()
    {
        foreach (var prefix in (string[])["OTEL_BSP_", "OTEL_BLRP_"])
        {
            yield return Milliseconds(prefix + "SCHEDULE_DELAY");
            yield return Milliseconds(prefix + "EXPORT_TIMEOUT");
            yield return Count(prefix + QueueSize, 1);
            yield return Count(prefix + BatchSize, 1);
        }
        yield return Milliseconds("OTEL_METRIC_EXPORT_INTERVAL");
        yield return Milliseconds("OTEL_METRIC_EXPORT_TIMEOUT");
        foreach (var limit in (string[])
            ["ATTRIBUTE_VALUE_LENGTH", "ATTRIBUTE_COUNT", "SPAN_ATTRIBUTE_VALUE_LENGTH", "SPAN_ATTRIBUTE_COUNT", "SPAN_EVENT_COUNT", "SPAN_LINK_COUNT",
                "EVENT_ATTRIBUTE_COUNT", "LINK_ATTRIBUTE_COUNT", "LOGRECORD_ATTRIBUTE_VALUE_LENGTH", "LOGRECORD_ATTRIBUTE_COUNT"])
            yield return Count($"OTEL_{limit}_LIMIT", 0);
    }

    private static IEnumerable<(string, string, Func<string, bool>)> Exports(string prefix)
    {
        foreach (var place in (string[])[prefix, $"{prefix}TRACES_", $"{prefix}METRICS_", $"{prefix}LOGS_"])
        {
            yield return (place + "ENDPOINT", "http://HOST:PORT or https://HOST:PORT, like http://127.0.0.1:4317",
                value => Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri is { Scheme: "http" or "https", Host.Length: > 0 });
            yield return OneOf(place + "PROTOCOL", "grpc", "http/protobuf");
            yield return Pairs(place + "HEADERS");
            yield return Milliseconds(place + "TIMEOUT");
            yield return OneOf(place + "COMPRESSION", "gzip", "none");
        }
    }

    private static (string, string, Func<string, bool>) OneOf(string name, params string[] values) =>
        (name, string.Join(", ", values), value => values.Contains(value, StringComparer.OrdinalIgnoreCase));

    private static (string, string, Func<string, bool>) List(string name, params string[] values) =>
        (name, string.Join(", ", values), list => Array.TrueForAll(list.Split(','), value => values.Contains(value.Trim(), StringComparer.OrdinalIgnoreCase)));

    private static (string, string, Func<string, bool>) Pairs(string name) =>
        (name, "name=value, with commas between several", list => Array.TrueForAll(list.Split(','), pair => pair.Trim().IndexOf('=') > 0));

    private static (string, string, Func<string, bool>) Milliseconds(string name) => (name, "milliseconds, at least 1", value => IsNumber(value, 1, out _));

    private static (string, string, Func<string, bool>) Count(string name, int least) =>
        (name, string.Create(CultureInfo.InvariantCulture, $"a number, at least {least}"), value => IsNumber(value, least, out _));

    private static bool IsNumber(string? text, int least, out int number) =>
        int.TryParse(text?.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= least;

    private static bool IsRatio(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio) && ratio is >= 0 and <= 1;
}
