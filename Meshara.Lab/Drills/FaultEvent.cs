namespace Meshara.Lab.Drills;

/// <summary>One thing that was done to the mesh, and when it was over.</summary>
/// <param name="What">What was done, in words.</param>
/// <param name="BeganAt">When.</param>
internal sealed record FaultEvent(string What, DateTimeOffset BeganAt)
{
    /// <summary>When it was undone: the network whole, the process started again. Recovery is counted from here.</summary>
    public DateTimeOffset? HealedAt { get; set; }

    /// <summary>When every node was ready again; null when no node was down.</summary>
    public DateTimeOffset? ReadyAt { get; set; }

    /// <summary>When all nodes believed the same nodes alive again; null when nobody looked, or they never did.</summary>
    public DateTimeOffset? AgreedAt { get; set; }
}
