using Meshara.Watch.Alerts;

namespace Meshara.Watch.Mesh;

/// <summary>The mesh at one time, as the page and the terminal show it.</summary>
/// <param name="At">When (UTC).</param>
/// <param name="Nodes">The watched nodes in their order, then peers that are not watched.</param>
/// <param name="Links">The live connections.</param>
/// <param name="Parts">The ids of the nodes that reach each other; more than one part is a partition.</param>
/// <param name="Totals">The sums of all nodes.</param>
/// <param name="Alerts">What fires.</param>
internal sealed record MeshView(
    DateTimeOffset At, IReadOnlyList<NodeView> Nodes, IReadOnlyList<LinkView> Links, IReadOnlyList<IReadOnlyList<string>> Parts,
    Totals Totals, AlertsView Alerts);

/// <summary>A node.</summary>
/// <param name="Id">Identifies it in this view and later ones.</param>
/// <param name="Name">Its name.</param>
/// <param name="Condition">One of <see cref="Conditions"/>.</param>
internal sealed record NodeView(string Id, string Name, string Condition)
{
    /// <summary>Its address; null while unknown.</summary>
    public string? Address { get; init; }

    /// <summary>What is wrong with it or its answers.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>Version of its program.</summary>
    public string? Version { get; init; }

    /// <summary>Seconds since it started.</summary>
    public long? Uptime { get; init; }

    /// <summary>Number of its connections.</summary>
    public int? Peers { get; init; }

    /// <summary>Working set in megabytes.</summary>
    public double? MemoryMb { get; init; }

    /// <summary>100 is one core.</summary>
    public double? CpuPercent { get; init; }

    /// <summary>Number of nodes it believes alive.</summary>
    public double? Members { get; init; }

    /// <summary>Hash of those nodes.</summary>
    public double? MembersView { get; init; }

    /// <summary>What it does; null while unknown.</summary>
    public Traffic? Traffic { get; init; }
}

/// <summary>What a node, or all of them, did in the last seconds. Rates are per second.</summary>
/// <param name="Accepted">Private messages handed to a peer.</param>
/// <param name="Acknowledged">Private messages that ended well.</param>
/// <param name="Failed">Private messages that expired or were rejected.</param>
/// <param name="Received">Private messages received.</param>
/// <param name="Broadcasts">Broadcasts received.</param>
/// <param name="Forwarded">Messages relayed for others.</param>
/// <param name="Errors">Errors.</param>
/// <param name="BytesOut">Bytes sent.</param>
/// <param name="BytesIn">Bytes received.</param>
/// <param name="P50Ms">Median latency of private messages in milliseconds; null without any.</param>
/// <param name="P99Ms">Their 99th percentile.</param>
/// <param name="Queue">Accepted messages that wait for their acknowledgment.</param>
/// <param name="OldestSeconds">Age of the oldest of them.</param>
internal sealed record Traffic(
    double Accepted, double Acknowledged, double Failed, double Received, double Broadcasts, double Forwarded, double Errors,
    double BytesOut, double BytesIn, double? P50Ms, double? P99Ms, double Queue, double OldestSeconds);

/// <summary>A connection between two nodes.</summary>
/// <param name="From">Id of one end.</param>
/// <param name="To">Id of the other.</param>
/// <param name="Tree">True if broadcasts are pushed over it.</param>
/// <param name="Confirmed">False if only one of two watched nodes that answer reports it.</param>
/// <param name="BytesPerSecond">Both directions, in the last seconds.</param>
/// <param name="RttMs">Round trip time; null while unknown.</param>
internal sealed record LinkView(string From, string To, bool Tree, bool Confirmed, double BytesPerSecond, double? RttMs);

/// <summary>Sums of all watched nodes.</summary>
/// <param name="Nodes">Number of watched nodes.</param>
/// <param name="Healthy">How many of them are healthy.</param>
/// <param name="Views">How many different sets of nodes they believe alive; more than one for long is a partition.</param>
/// <param name="Traffic">What they do together.</param>
internal sealed record Totals(int Nodes, int Healthy, int Views, Traffic? Traffic);
