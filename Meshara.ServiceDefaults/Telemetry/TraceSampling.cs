using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using OpenTelemetry.Trace;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// Which traces are recorded. The tracer provider samples by it, and whoever begins many traces can ask it first: what is not
/// recorded then costs this question and no <see cref="Activity"/>, which the SDK makes for every unsampled trace to carry its context.
/// </summary>
/// <seealso href="https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#general-sdk-configuration"/>
public sealed class TraceSampling
{
    /// <summary>Share of new traces that are recorded outside Development.</summary>
    private const double ProductionRatio = 0.05;

    internal TraceSampling(Sampler sampler) => Sampler = sampler;

    internal Sampler Sampler { get; }

    /// <summary>Holds traces that are not recorded, for the case that they fail or are slow; null when none are.</summary>
    internal KeptTraces? Kept { get; set; }

    /// <summary>True when a trace that is not recorded should be begun all the same, to be held.</summary>
    public bool HoldsMore => Kept?.HasRoom == true;

    /// <summary>True when the trace is not recorded but held.</summary>
    public bool Holds(ActivityTraceId trace) => Kept?.Holds(trace) == true;

    /// <summary>True when nothing is recorded at all, so that nothing need listen.</summary>
    internal bool IsOff => Sampler is AlwaysOffSampler;

    /// <summary>Whether a span is recorded that begins a trace, or this process's part of one.</summary>
    /// <param name="name">The span's name.</param>
    /// <param name="kind">The span's kind.</param>
    /// <param name="parent">Its parent; <c>default</c> for a span that begins a trace.</param>
    /// <param name="trace">The trace it belongs to.</param>
    public bool Records(string name, ActivityKind kind, in ActivityContext parent, ActivityTraceId trace) =>
        Sampler.ShouldSample(new SamplingParameters(parent, trace, name, kind)).Decision == SamplingDecision.RecordAndSample;

    /// <summary>
    /// What <c>OTEL_TRACES_SAMPLER</c> and <c>OTEL_TRACES_SAMPLER_ARG</c> say. Without them, or with a value that the specification
    /// does not know and wants ignored: every trace in Development, one in twenty elsewhere, and peers are not believed.
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
