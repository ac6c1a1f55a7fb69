using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Clocks;

/// <summary>How long messages live and how long their ids are remembered: the same on every node, whatever a sender asks for.</summary>
internal static class Lives
{
    // Clocks of senders whom nobody has corrected yet may be wrong by this much.
    private static readonly TimeSpan Slack = TimeSpan.FromDays(1);

    /// <summary>A life as this node grants it.</summary>
    public static TimeSpan Bounded(TimeSpan life, TimeSpan longest) => life < longest ? life : longest;

    /// <summary>
    /// How long an id is remembered from its first arrival on. No copy is younger than the message, so one life would do if every node that
    /// keeps one counted all time; one that stood still, or was off with a wrong clock, may have missed some.
    /// </summary>
    public static TimeSpan Memory(TimeSpan life) => life * 2 + Slack;

    /// <summary>
    /// True for a message that somebody else brings and that is older, by what its sender signed, than ids are remembered: whoever kept
    /// it could otherwise bring it again and again. The wall clock alone may be wrong, and the peers' too: both have to say so.
    /// </summary>
    public static bool IsStale(Envelope envelope, NodeAddress from, TimeSpan longest, NodeClock clock) => from != envelope.Sender
        && Memory(Bounded(envelope.Life, longest)) is var memory
        && envelope.Timestamp <= clock.GetUtcNow() - memory && envelope.Timestamp <= clock.MajorityUtcNow - memory;
}
