namespace Meshara.Lab.Load;

/// <summary>The report of <c>gossip</c>.</summary>
/// <param name="Nodes">Number of nodes, including the broadcasting one.</param>
/// <param name="Broadcasts">Timed broadcasts, each from a random node.</param>
/// <param name="Coverage">Share of nodes that got a broadcast in the end, over all broadcasts.</param>
/// <param name="P50Ms">Median time until a reader of the inbox has the broadcast on every node.</param>
/// <param name="P90Ms">90th percentile: now and then a push does not reach all nodes, and an announcement repairs that.</param>
/// <param name="MaxMs">The longest time.</param>
/// <param name="DuplicatesPerDelivery">Redundant copies received per first copy.</param>
/// <param name="IdleCpuPercent">CPU time of all nodes together without broadcasts, in percent of one core.</param>
/// <param name="MembershipBytesPerSecond">Membership data that each node sends to others meanwhile.</param>
internal sealed record GossipReport(
    int Nodes, int Broadcasts, double Coverage, double P50Ms, double P90Ms, double MaxMs, double DuplicatesPerDelivery, double IdleCpuPercent,
    double MembershipBytesPerSecond);
