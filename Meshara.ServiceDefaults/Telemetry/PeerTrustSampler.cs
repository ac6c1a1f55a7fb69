using System.Diagnostics;
using OpenTelemetry.Trace;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// Decides for spans whose remote parent is sampled. A caller of the HTTP API (span kind Server) has passed the guard and is
/// trusted, as usual. A peer that puts its trace context into a message is not; the node's own sampler decides. It looks at
/// the trace id alone, so honest nodes with the same ratio agree about a trace, and a peer that marks everything as sampled
/// gets no more recorded than the ratio.
/// </summary>
internal sealed class PeerTrustSampler(Sampler own) : Sampler
{
    private static readonly SamplingResult Sampled = new(SamplingDecision.RecordAndSample);

    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters.Kind == ActivityKind.Server ? Sampled : own.ShouldSample(samplingParameters);
}
