namespace Meshara.Lab.Drills;

/// <summary>A fault in the report.</summary>
/// <param name="What">What was done.</param>
/// <param name="BeganAt">When.</param>
/// <param name="HealedAt">When it was undone.</param>
/// <param name="ReadySeconds">From there until every node was ready again; null when none was down.</param>
/// <param name="Backlog">Accepted messages waiting at that time.</param>
/// <param name="RecoverySeconds">Until the last of them was in its recipient's inbox; null when one never was.</param>
/// <param name="LastId">The id of that message.</param>
/// <param name="AgreedSeconds">
/// From when it was undone until all nodes believed the same nodes alive; null when that was not looked at, or they never did.
/// </param>
internal sealed record EventReport(
    string What, DateTimeOffset BeganAt, DateTimeOffset? HealedAt, double? ReadySeconds, int Backlog, double? RecoverySeconds, string? LastId,
    double? AgreedSeconds);
