namespace Meshara.Node;

/// <summary>The random choices of a node that need not be secret: jitter, and which peers to ask or tell.</summary>
internal static class Chance
{
    /// <summary>Safe for concurrent use. The simulator replaces it with a seeded one, so that a run can be repeated.</summary>
    public static Random Random { get; set; } = Random.Shared;
}
