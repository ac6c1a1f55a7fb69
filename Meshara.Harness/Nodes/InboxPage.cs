namespace Meshara.Harness.Nodes;

/// <summary>A page of a node's inbox.</summary>
/// <param name="Messages">Oldest first; empty at the end.</param>
/// <param name="Next">Cursor for the next page.</param>
internal sealed record InboxPage(IReadOnlyList<InboxRecord> Messages, long Next);
