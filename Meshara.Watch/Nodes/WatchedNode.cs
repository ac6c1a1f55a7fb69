namespace Meshara.Watch.Nodes;

/// <summary>A node to watch.</summary>
/// <param name="Api">Base URL of its API.</param>
internal sealed record WatchedNode(Uri Api)
{
    /// <summary>The name it must answer with; null to take the one it gives itself.</summary>
    public string? Name { get; init; }

    /// <summary>Where it serves <c>/metrics</c>; null for the port that <c>/api/node</c> names, on the host of <see cref="Api"/>.</summary>
    public Uri? Metrics { get; init; }

    /// <summary>Bearer token of its API; null for none.</summary>
    public string? Token { get; init; }

    /// <summary>True for a node that watches itself through loopback: its certificate names other hosts.</summary>
    public bool IsSelf { get; init; }
}
