namespace Meshara.Watch.Nodes;

// The members of the node's answers that are used; docs/reference.md and the OpenAPI document describe them all.

/// <summary><c>/api/node</c>.</summary>
internal sealed record NodeAnswer(string Address, string Name, string Version, string State, int? MetricsPort = null);

/// <summary><c>/health</c>.</summary>
internal sealed record HealthAnswer(
    string Status, long Uptime, int ConnectedPeers, int PendingMessages, double MemoryMb, double CpuPercent);

/// <summary><c>/api/peers</c>.</summary>
internal sealed record PeersAnswer(IReadOnlyList<PeerAnswer> Peers);

/// <summary>One connection.</summary>
/// <remarks>Nodes of an earlier release say neither <paramref name="Tree"/> nor <paramref name="BytesOut"/>.</remarks>
internal sealed record PeerAnswer(
    string Address, string Name, double? RttMs, DateTimeOffset ConnectedAt, bool Tree = false, long BytesOut = 0);

/// <summary><c>/api/diagnostics/traces</c>.</summary>
internal sealed record TracesAnswer(IReadOnlyList<TraceAnswer> Traces);

/// <summary>One trace.</summary>
internal sealed record TraceAnswer(string TraceId, IReadOnlyList<SpanAnswer> Spans);

/// <summary>One span.</summary>
internal sealed record SpanAnswer(
    string Name, string SpanId, string? ParentSpanId, DateTimeOffset StartedAt, double DurationMs, string Status,
    IReadOnlyDictionary<string, string>? Attributes);

/// <summary><c>/api/diagnostics/logs</c>.</summary>
internal sealed record LogsAnswer(IReadOnlyList<Dictionary<string, System.Text.Json.JsonElement>> Logs);

/// <summary><c>/api/messages/{id}</c>.</summary>
internal sealed record MessageAnswer(
    string To, string State, int Attempts, DateTimeOffset AcceptedAt, DateTimeOffset? CompletedAt, string? Reason, int HeldBy);
