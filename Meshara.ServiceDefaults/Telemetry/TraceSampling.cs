using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// Decides which traces are recorded. The tracer provider samples with it, and code that begins many traces can ask it first:
/// an unrecorded trace then costs that call, but not the <see cref="Activity"/> that the SDK creates to carry its context.
/// </summary>
/// <seealso href="https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration"/>
public sealed class TraceSampling
{
    /// <summary>Share of new traces that are recorded outside Development.</summary>
    private const double ProductionRatio = 0.05;

    internal TraceSampling(Sampler sampler) => Sampler = sampler;

    internal Sampler Sampler { get; }

    /// <summary>Holds unrecorded traces in case they fail or are slow; null if none are held.</summary>
    internal KeptTraces? Kept { get; set; }

    /// <summary>True if an unrecorded trace should still be begun, so that it is held.</summary>
    public bool HoldsMore => Kept?.HasRoom == true;

    /// <summary>True if the sampler did not choose the trace, but its spans are held or kept.</summary>
    public bool Holds(ActivityTraceId trace) => Kept?.Holds(trace) == true;

    /// <summary>True if nothing is ever recorded, so that no listener is needed.</summary>
    internal bool IsOff => Sampler is AlwaysOffSampler;

    /// <summary>Decides whether to record a span that begins a trace, or this process's part of one.</summary>
    /// <param name="name">The span's name.</param>
    /// <param name="kind">The span's kind.</param>
    /// <param name="parent">Its parent; <c>default</c> for a span that begins a trace.</param>
    /// <param name="trace">The trace it belongs to.</param>
    public bool Records(string name, ActivityKind kind, in ActivityContext parent, ActivityTraceId trace) =>
        Sampler.ShouldSample(new SamplingParameters(parent, trace, name, kind)).Decision == SamplingDecision.RecordAndSample;

    /// <summary>
    /// Reads <c>OTEL_TRACES_SAMPLER</c> and <c>OTEL_TRACES_SAMPLER_ARG</c>. If unset, or set to a value that the specification
    /// says to ignore: every trace in Development, one in twenty elsewhere, and peers' sampling decisions are not trusted.
    /// </summary>
    internal static TraceSampling From(IConfiguration configuration, bool isDevelopment)
    {
        var ratio = double.TryParse(configuration["OTEL_TRACES_SAMPLER_ARG"], NumberStyles.Float, CultureInfo.InvariantCulture, out var given) && given is >= 0 and <= 1
            ? given
            : 1;
        return new TraceSampling(configuration["OTEL_TRACES_SAMPLER"]?.ToLowerInvariant() switch
        {
            "always_on" => new AlwaysOnSampler(),
            "always_off" => new AlwaysOffSampler(),
            "traceidratio" => new TraceIdRatioBasedSampler(ratio),
            "parentbased_always_on" => new ParentBasedSampler(new AlwaysOnSampler()),
            "parentbased_always_off" => new ParentBasedSampler(new AlwaysOffSampler()),
            "parentbased_traceidratio" => new ParentBasedSampler(new TraceIdRatioBasedSampler(ratio)),
            _ => Default(isDevelopment ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ProductionRatio)),
        });
    }

    private static ParentBasedSampler Default(Sampler own) => new(own, remoteParentSampled: new PeerTrustSampler(own));
}
