namespace Meshara.Lab.Drills;

/// <summary>How the mesh recovered from a fault.</summary>
/// <param name="Backlog">Accepted messages that were waiting when it was healed.</param>
/// <param name="Duration">From then until the last of them was in its recipient's inbox; null when one never was.</param>
/// <param name="Last">That message; null when none was waiting.</param>
internal sealed record Recovery(int Backlog, TimeSpan? Duration, LedgerEntry? Last);
