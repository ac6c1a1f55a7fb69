namespace Meshara.Harness.Nodes;

/// <summary>How an accepted message fares, as its sender's node tells.</summary>
/// <param name="State"><c>pending</c>, <c>acknowledged</c>, <c>expired</c> or <c>rejected</c>.</param>
/// <param name="Attempts">How often it was handed to a peer or failed to be.</param>
/// <param name="Reason">What the last attempt failed with, or null.</param>
internal sealed record SentMessage(string State, int Attempts, string? Reason);
