using System.Diagnostics;
using OpenTelemetry.Trace;

namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>
/// Decides for spans whose parent is on another machine and says "sampled". A caller of the HTTP API (span kind Server) is
/// let in by the guard and is believed, as everywhere. A peer that puts its trace context into a message is not: it goes
/// through the node's own sampler. That one decides by the trace id alone, so honest nodes with one ratio agree about a
/// trace, and a peer that marks everything as sampled gets no more recorded than the ratio.
/// </summary>
internal sealed class PeerTrustSampler(Sampler own) : Sampler
{
    private static readonly SamplingResult Sampled = new(SamplingDecision.RecordAndSample);

    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters) =>
        samplingParameters.Kind == ActivityKind.Server ? Sampled : own.ShouldSample(samplingParameters);
}
