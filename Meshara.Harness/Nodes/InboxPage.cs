namespace Meshara.Harness.Nodes;

/// <summary>A stretch of a node's inbox.</summary>
/// <param name="Messages">Oldest first; empty at the end.</param>
/// <param name="Next">Where the next page begins.</param>
internal sealed record InboxPage(IReadOnlyList<InboxRecord> Messages, long Next);
