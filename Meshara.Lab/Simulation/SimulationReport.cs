namespace Meshara.Lab.Simulation;

/// <summary>The report of <c>simulate</c>. Equal options give an equal report, but for what the machine itself took.</summary>
/// <param name="Nodes">Nodes of the mesh.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Churn">The share of nodes that crashed in a minute of the load.</param>
/// <param name="Loss">The share of packets that were lost.</param>
/// <param name="Hidden">The share of nodes that cannot be dialled.</param>
/// <param name="Hostile">The share of hostile nodes.</param>
/// <param name="Joining">The start.</param>
/// <param name="Rest">Thirty seconds without load.</param>
/// <param name="Lookups">Searches of honest nodes for one another.</param>
/// <param name="Broadcasts">Broadcasts of honest nodes to honest nodes.</param>
/// <param name="Messages">Private messages between honest nodes.</param>
/// <param name="Membership">The members' view; null if it was not simulated.</param>
/// <param name="Machine">What the simulation took; differs from run to run.</param>
internal sealed record SimulationReport(
    int Nodes, int Seed, double Churn, double Loss, double Hidden, double Hostile, JoiningReport Joining, RestReport Rest, LookupReport Lookups,
    BroadcastReport Broadcasts, MessageReport Messages, MembershipReport? Membership, MachineReport Machine);

/// <summary>The start of the mesh.</summary>
/// <param name="Joined">Nodes that joined within two minutes of the last start.</param>
/// <param name="P50Seconds">Median from a node's start until it had joined.</param>
/// <param name="P99Seconds">99th percentile.</param>
internal sealed record JoiningReport(int Joined, double P50Seconds, double P99Seconds);

/// <summary>The mesh without load.</summary>
/// <param name="BytesPerSecond">Bytes of frames that a node sends in a second, on average.</param>
/// <param name="ConnectionsMean">Connections of a node, on average.</param>
/// <param name="ConnectionsMax">The most connections of a node at any time.</param>
/// <param name="Contacts">Entries of a routing table, on average.</param>
internal sealed record RestReport(double BytesPerSecond, double ConnectionsMean, int ConnectionsMax, double Contacts);

/// <summary>Searches for nodes that lived all the while, from nodes that did.</summary>
/// <param name="Count">Searches.</param>
/// <param name="Success">The share that found the node's record.</param>
/// <param name="P50Hops">Median rounds of queries.</param>
/// <param name="P99Hops">99th percentile.</param>
/// <param name="P50Ms">Median duration, in virtual time.</param>
/// <param name="P99Ms">99th percentile.</param>
internal sealed record LookupReport(int Count, double Success, double P50Hops, double P99Hops, double P50Ms, double P99Ms);

/// <summary>Broadcasts, counted at the nodes that lived from before them until the end.</summary>
/// <param name="Count">Broadcasts.</param>
/// <param name="Coverage">The share of nodes that got each.</param>
/// <param name="Doubled">Deliveries beyond one.</param>
/// <param name="Redundancy">Copies that a node received of each; 1 is the least.</param>
/// <param name="P50Ms">Median time to a node.</param>
/// <param name="P99Ms">99th percentile.</param>
/// <param name="MaxMs">The last.</param>
internal sealed record BroadcastReport(int Count, double Coverage, long Doubled, double Redundancy, double P50Ms, double P99Ms, double MaxMs);

/// <summary>Private messages between nodes that lived until the end.</summary>
/// <param name="Count">Messages accepted.</param>
/// <param name="Lost">Those that had not arrived when the load had been over for a minute.</param>
/// <param name="Doubled">Deliveries beyond one.</param>
/// <param name="Acknowledged">Those whose sender knows that they arrived.</param>
/// <param name="P50Ms">Median time to the recipient.</param>
/// <param name="P99Ms">99th percentile.</param>
internal sealed record MessageReport(int Count, long Lost, long Doubled, long Acknowledged, double P50Ms, double P99Ms);

/// <summary>The members' view.</summary>
/// <param name="Agreeing">The share of nodes whose view was right at rest.</param>
/// <param name="DetectionSeconds">From a crash until every view was without the node; null if that took over two minutes.</param>
internal sealed record MembershipReport(double Agreeing, double? DetectionSeconds);

/// <summary>What the simulation took.</summary>
/// <param name="VirtualSeconds">Simulated time.</param>
/// <param name="Seconds">Time.</param>
/// <param name="CpuPerNodeMs">Processor time a node in a virtual second at rest, in milliseconds.</param>
/// <param name="MemoryPerNodeKb">Memory a node at the end, in KiB.</param>
internal sealed record MachineReport(double VirtualSeconds, double Seconds, double CpuPerNodeMs, double MemoryPerNodeKb);
