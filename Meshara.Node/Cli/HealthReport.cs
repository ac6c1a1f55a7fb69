namespace Meshara.Node.Cli;

/// <summary>The body of <c>/health</c>.</summary>
internal sealed record HealthReport(
    string Status,
    double Uptime,
    int ConnectedPeers,
    int PendingMessages,
    double MemoryMb,
    double CpuPercent,
    IReadOnlyDictionary<string, string> Checks);
