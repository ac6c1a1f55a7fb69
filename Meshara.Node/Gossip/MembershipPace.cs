namespace Meshara.Node.Gossip;

/// <summary>
/// How often a member says that it is alive and how long others wait for it, by the number of members: all of them together say it
/// <see cref="BeatsPerInterval"/> times in each interval, however many they are, so that what it costs each of them does not grow.
/// </summary>
internal sealed class MembershipPace(GossipOptions options)
{
    /// <summary>Of all members in one <see cref="GossipOptions.MembershipInterval"/>, once there are as many.</summary>
    public const int BeatsPerInterval = 8;

    // Of three beats in a row hardly anybody misses all.
    private const int BeatsAwaited = 3;

    // The rest of the time a member has to answer a doubt.
    private const double SilentPart = 0.4;

    /// <summary>Between two beats of a member.</summary>
    public TimeSpan Renewal(int members) => options.MembershipInterval * Math.Max(1, (double)members / BeatsPerInterval);

    /// <summary>After so much silence a member is doubted.</summary>
    public TimeSpan Silence(int members)
    {
        var (least, beats) = (options.MemberTimeout * SilentPart, Renewal(members) * BeatsAwaited);
        return least > beats ? least : beats;
    }

    /// <summary>
    /// A doubt that is not answered for so long is right. It has to reach the member, and the answer has to come back, each in a number
    /// of rounds that grows with the logarithm of the members.
    /// </summary>
    public TimeSpan Doubt(int members) => options.MemberTimeout * (1 - SilentPart) * Math.Max(1, Math.Log10(members));
}
