namespace Meshara.Lab.Drills;

/// <summary>One fault, and when it ended.</summary>
/// <param name="What">A description.</param>
/// <param name="BeganAt">When it began.</param>
internal sealed record FaultEvent(string What, DateTimeOffset BeganAt)
{
    /// <summary>When it was undone: the network whole, the process restarted. Recovery is measured from here.</summary>
    public DateTimeOffset? HealedAt { get; set; }

    /// <summary>When every node was ready again; null if no node was down.</summary>
    public DateTimeOffset? ReadyAt { get; set; }

    /// <summary>When all nodes had the same view of live members again; null if not measured, or if they never did.</summary>
    public DateTimeOffset? AgreedAt { get; set; }
}
