namespace Meshara.Lab.Load;

/// <summary>What <c>gossip</c> writes.</summary>
/// <param name="Nodes">Nodes of the mesh, the one that broadcasts included.</param>
/// <param name="Broadcasts">Broadcasts that were timed, each from a node chosen at random.</param>
/// <param name="Coverage">Nodes that had a broadcast in the end, as a part of all, all broadcasts together.</param>
/// <param name="P50Ms">Median time until a reader of the inbox has it on every node.</param>
/// <param name="P90Ms">The 90th percentile: now and then a push reaches not everybody, and an announcement repairs it.</param>
/// <param name="MaxMs">The longest.</param>
/// <param name="DuplicatesPerDelivery">Copies that came to nodes that had the broadcast already, for each one that was news.</param>
/// <param name="IdleCpuPercent">Processor time of all nodes together while nobody broadcasts, in percent of one core.</param>
/// <param name="MembershipBytesPerSecond">What each node tells others of the members meanwhile.</param>
internal sealed record GossipReport(
    int Nodes, int Broadcasts, double Coverage, double P50Ms, double P90Ms, double MaxMs, double DuplicatesPerDelivery, double IdleCpuPercent,
    double MembershipBytesPerSecond);
