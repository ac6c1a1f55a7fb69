using System.ComponentModel.DataAnnotations;

namespace Meshara.Node.Routing;

/// <summary>Section <c>Routing</c>: the Kademlia table and the connections a node keeps. Letters as in the Kademlia paper.</summary>
public sealed class RoutingOptions
{
    /// <summary>k: contacts per bucket, and the number of nodes that store a record.</summary>
    [Range(1, 100)]
    public int BucketSize { get; set; } = 20;

    /// <summary>α: concurrent queries of one lookup.</summary>
    [Range(1, 20)]
    public int Parallelism { get; set; } = 3;

    /// <summary>
    /// d of S/Kademlia: disjoint paths of one lookup. More paths resist more colluding peers, but each path finds less.
    /// </summary>
    [Range(1, 10)]
    public int DisjointPaths { get; set; } = 3;

    /// <summary>Connections a node tries to keep; it accepts more.</summary>
    [Range(1, 1000)]
    public int TargetPeers { get; set; } = 16;

    /// <summary>How often a node maintains its connections and contacts.</summary>
    public TimeSpan MaintenanceInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Longest pause between dials to bootstrap endpoints that are not connected, for a node that has peers; the pause starts
    /// at 4 s and grows.
    /// </summary>
    public TimeSpan BootstrapInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// How long a node that was a member of a mesh, or is a bootstrap node, looks for others before it reports ready without
    /// them.
    /// </summary>
    public TimeSpan AloneAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often all buckets are refreshed and this node's record is published again.</summary>
    public TimeSpan RefreshInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The most peer records a node holds.</summary>
    [Range(100, 1_000_000)]
    public int MaxRecords { get; set; } = 10_000;

    /// <summary>How long a route learned from traffic is used without being confirmed.</summary>
    public TimeSpan RouteLifetime { get; set; } = TimeSpan.FromMinutes(10);
}
