namespace Meshara.Lab.Drills;

/// <summary>How the mesh recovered from a fault.</summary>
/// <param name="Backlog">Accepted messages that were waiting when the fault was healed.</param>
/// <param name="Duration">Time from then until the last of them was in its recipient's inbox; null if one never was.</param>
/// <param name="Last">That message; null if none was waiting.</param>
internal sealed record Recovery(int Backlog, TimeSpan? Duration, LedgerEntry? Last);
