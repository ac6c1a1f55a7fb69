using System.ComponentModel.DataAnnotations;

namespace Meshara.Node.Routing;

/// <summary>Section <c>Routing</c>: the Kademlia table and the connections a node keeps. Letters as in the Kademlia paper.</summary>
public sealed class RoutingOptions
{
    /// <summary>k: contacts a bucket, and nodes a record is stored at.</summary>
    [Range(1, 100)]
    public int BucketSize { get; set; } = 20;

    /// <summary>α: queries of one lookup that are under way at once.</summary>
    [Range(1, 20)]
    public int Parallelism { get; set; } = 3;

    /// <summary>
    /// d of S/Kademlia: ways of one lookup that have no node in common. More of them stand more peers that collude, and each finds less by itself.
    /// </summary>
    [Range(1, 10)]
    public int DisjointPaths { get; set; } = 3;

    /// <summary>Connections a node tries to keep; more are welcome.</summary>
    [Range(1, 1000)]
    public int TargetPeers { get; set; } = 16;

    /// <summary>How often a node looks after its connections and contacts.</summary>
    public TimeSpan MaintenanceInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>A node that has peers dials bootstrap endpoints it is not connected to after 4 s, then ever more rarely, at least this often.</summary>
    public TimeSpan BootstrapInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a node that was a member of a mesh, or is a bootstrap node of one, looks for others before it is ready without them.
    /// </summary>
    public TimeSpan AloneAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often every part of the key space is looked at again and the own record published.</summary>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Peer records a node holds at the most.</summary>
    [Range(100, 1_000_000)]
    public int MaxRecords { get; set; } = 10_000;

    /// <summary>How long a route learned from traffic is used without being confirmed.</summary>
    public TimeSpan RouteLifetime { get; set; } = TimeSpan.FromMinutes(10);
}
