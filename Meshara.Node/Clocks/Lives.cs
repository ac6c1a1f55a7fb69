using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Clocks;

/// <summary>How long messages live and how long their ids are remembered; the same on every node, whatever a sender asks for.</summary>
internal static class Lives
{
    // How wrong a sender's clock may be before anyone has corrected it.
    private static readonly TimeSpan Slack = TimeSpan.FromDays(1);

    /// <summary>The life that this node grants a message.</summary>
    public static TimeSpan Bounded(TimeSpan life, TimeSpan longest) => life < longest ? life : longest;

    /// <summary>
    /// How long an id is remembered after its first arrival. No copy is younger than the message, so one life would suffice if
    /// every node holding a copy counted all time; a node that was suspended, or off with a wrong clock, may have missed some.
    /// </summary>
    public static TimeSpan Memory(TimeSpan life) => life * 2 + Slack;

    /// <summary>
    /// True for a message that arrives through another node and is older, by the sender's signed timestamp, than ids are
    /// remembered: otherwise anyone who kept it could replay it. This node's wall clock may be wrong, and so may the peers'
    /// clocks, so both must agree.
    /// </summary>
    public static bool IsStale(Envelope envelope, NodeAddress from, TimeSpan longest, NodeClock clock) => from != envelope.Sender
        && Memory(Bounded(envelope.Life, longest)) is var memory
        && envelope.Timestamp <= clock.GetUtcNow() - memory && envelope.Timestamp <= clock.MajorityUtcNow - memory;
}
