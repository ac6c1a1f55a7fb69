namespace Meshara.Node.Gossip;

/// <summary>
/// How often a member sends a heartbeat and how long others wait for one, depending on the number of members. Together, the
/// members send at most <see cref="BeatsPerInterval"/> heartbeats per interval, so the cost for each node does not grow with
/// the mesh.
/// </summary>
internal sealed class MembershipPace(GossipOptions options)
{
    /// <summary>
    /// Heartbeats of all members together in one <see cref="GossipOptions.MembershipInterval"/>, in a mesh of at least that
    /// many.
    /// </summary>
    public const int BeatsPerInterval = 8;

    // Hardly any node misses three heartbeats in a row.
    private const int BeatsAwaited = 3;

    // The share of the timeout spent waiting in silence; the rest is for answering the doubt.
    private const double SilentPart = 0.4;

    /// <summary>The time between two heartbeats of a member.</summary>
    public TimeSpan Renewal(int members) => options.MembershipInterval * Math.Max(1, (double)members / BeatsPerInterval);

    /// <summary>The silence after which a member is doubted.</summary>
    public TimeSpan Silence(int members)
    {
        var (least, beats) = (options.MemberTimeout * SilentPart, Renewal(members) * BeatsAwaited);
        return least > beats ? least : beats;
    }

    /// <summary>
    /// How long a doubt may go unanswered before the member counts as gone. The doubt has to reach the member and the answer
    /// has to come back, each in a number of rounds that grows with the logarithm of the number of members.
    /// </summary>
    public TimeSpan Doubt(int members) => options.MemberTimeout * (1 - SilentPart) * Math.Max(1, Math.Log10(members));
}
