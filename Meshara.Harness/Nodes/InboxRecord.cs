namespace Meshara.Harness.Nodes;

/// <summary>A message as a node's inbox keeps it.</summary>
/// <param name="Id">The sender's id for it.</param>
/// <param name="From">The sender's address.</param>
/// <param name="ReceivedAt">When it was delivered, by the node's clock.</param>
/// <param name="Text">Its content; null when that is not text.</param>
internal sealed record InboxRecord(string Id, string From, DateTimeOffset ReceivedAt, string? Text);
