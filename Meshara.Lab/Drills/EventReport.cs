namespace Meshara.Lab.Drills;

/// <summary>A fault in the report.</summary>
/// <param name="What">A description.</param>
/// <param name="BeganAt">When it began.</param>
/// <param name="HealedAt">When it was undone.</param>
/// <param name="ReadySeconds">Time from there until every node was ready again; null if none was down.</param>
/// <param name="Backlog">Accepted messages that were waiting when it was undone.</param>
/// <param name="RecoverySeconds">Time until the last of them was in its recipient's inbox; null if one never was.</param>
/// <param name="LastId">The id of that message.</param>
/// <param name="AgreedSeconds">
/// Time from when it was undone until all nodes had the same view of live members; null if not measured, or if they never did.
/// </param>
internal sealed record EventReport(
    string What, DateTimeOffset BeganAt, DateTimeOffset? HealedAt, double? ReadySeconds, int Backlog, double? RecoverySeconds, string? LastId,
    double? AgreedSeconds);
