namespace Meshara.ServiceDefaults.Health;

/// <summary>The tags of a health check registration that decide which endpoints it counts for.</summary>
public static class HealthTags
{
    /// <summary>Shown in the body of <c>/health</c>.</summary>
    public const string Health = "health";

    /// <summary>Counts for <c>/ready</c>: the service can take traffic.</summary>
    public const string Ready = "ready";

    /// <summary>Counts for <c>/live</c>: a failure means that only a restart helps.</summary>
    public const string Live = "live";
}
