using Meshara.Watch.Nodes;

namespace Meshara.Watch.Mesh;

/// <summary>What to watch.</summary>
internal sealed record WatchOptions
{
    /// <summary>The nodes; evaluated when somebody begins to watch.</summary>
    public required Func<IReadOnlyList<WatchedNode>> Nodes { get; init; }

    /// <summary>Prometheus; null if none runs.</summary>
    public Uri? Prometheus { get; init; }

    /// <summary>Alertmanager; null if none runs.</summary>
    public Uri? Alertmanager { get; init; }

    /// <summary>Other pages to link to, by name.</summary>
    public IReadOnlyDictionary<string, Uri> Links { get; init; } = new Dictionary<string, Uri>();

    /// <summary>How often each node is asked; null for a second, and more with more than 100 nodes.</summary>
    public TimeSpan? Interval { get; init; }
}
