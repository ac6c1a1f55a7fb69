namespace Meshara.Lab.Load;

/// <summary>One round of <c>mesh</c>.</summary>
internal sealed record MeshRound(long Messages, double MessagesPerSecond, double P50Us, double P99Us, double CpuUsPerMessage);

/// <summary>
/// The report of <c>mesh</c>: medians of the rounds, and the rounds. Latencies are those of the slowest node under full load.
/// </summary>
internal sealed record MeshReport(
    int Nodes, int Payload, double MessagesPerSecond, double P50Us, double P99Us, double CpuUsPerMessage, long Messages, long Lost, IReadOnlyList<MeshRound> Rounds);
