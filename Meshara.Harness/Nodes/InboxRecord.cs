namespace Meshara.Harness.Nodes;

/// <summary>A message stored in a node's inbox.</summary>
/// <param name="Id">The id that its sender gave it.</param>
/// <param name="From">The sender's address.</param>
/// <param name="ReceivedAt">Time of delivery, by the recipient's clock.</param>
/// <param name="Text">Its content; null if it is not text.</param>
internal sealed record InboxRecord(string Id, string From, DateTimeOffset ReceivedAt, string? Text);
