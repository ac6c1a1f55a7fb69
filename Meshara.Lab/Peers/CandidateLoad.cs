using Meshara.Lab.Load;

namespace Meshara.Lab.Peers;

/// <summary>The result of one load on a candidate.</summary>
/// <param name="Messages">Messages sent; each arrived.</param>
/// <param name="Doubled">Arrivals of messages that had arrived before.</param>
/// <param name="Elapsed">Time from the first send to the last acknowledgment.</param>
/// <param name="Latency">One way, from the call that sends until the recipient's code has the message.</param>
/// <param name="CompiledMethods">Methods that the JIT compiler compiled meanwhile.</param>
internal sealed record CandidateLoad(long Messages, long Doubled, TimeSpan Elapsed, LatencySummary Latency, long CompiledMethods)
{
    /// <summary>Messages per second, end to end.</summary>
    public double PerSecond => Messages / Elapsed.TotalSeconds;
}
