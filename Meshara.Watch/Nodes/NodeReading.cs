namespace Meshara.Watch.Nodes;

/// <summary>What a node said at one time.</summary>
/// <param name="Timestamp">When, as a timestamp of the watch's clock.</param>
internal sealed record NodeReading(long Timestamp)
{
    /// <summary>Its identity; null if it gave none.</summary>
    public NodeAnswer? Node { get; init; }

    /// <summary>Its health; null if it did not say.</summary>
    public HealthAnswer? Health { get; init; }

    /// <summary>Its connections by the peers' addresses; null if it did not say.</summary>
    public IReadOnlyDictionary<string, PeerAnswer>? Peers { get; init; }

    /// <summary>Its metrics; null if it did not say.</summary>
    public NodeFigures? Figures { get; init; }

    /// <summary>True if it answered nothing.</summary>
    public bool IsSilent { get; init; }

    /// <summary>What is wrong with its answers.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}
