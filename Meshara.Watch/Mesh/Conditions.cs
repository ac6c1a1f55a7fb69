namespace Meshara.Watch.Mesh;

/// <summary>The conditions of a node on the page, worst first.</summary>
internal static class Conditions
{
    /// <summary>It does not answer.</summary>
    public const string Silent = "silent";

    /// <summary>Its answers cannot be true, cannot be read, or are not all there.</summary>
    public const string Suspect = "suspect";

    /// <summary>It says that it is unhealthy.</summary>
    public const string Unhealthy = "unhealthy";

    /// <summary>It says that it is degraded.</summary>
    public const string Degraded = "degraded";

    /// <summary>It starts, or was asked to stop.</summary>
    public const string Changing = "changing";

    /// <summary>It was not asked yet.</summary>
    public const string Unknown = "unknown";

    /// <summary>A peer of a watched node, which is not watched itself.</summary>
    public const string Unwatched = "unwatched";

    /// <summary>All is well.</summary>
    public const string Healthy = "healthy";

    /// <summary>All of them, worst first.</summary>
    public static readonly string[] All = [Silent, Suspect, Unhealthy, Degraded, Changing, Unknown, Unwatched, Healthy];
}
