namespace Meshara.Harness.Nodes;

/// <summary>A message seen in a node's inbox.</summary>
/// <param name="Cursor">Cursor to resume the stream after this message.</param>
/// <param name="IsBroadcast">True for a broadcast, false for a private message.</param>
/// <param name="Text">Its content; null if it is not text.</param>
internal sealed record InboxArrival(string Cursor, bool IsBroadcast, string? Text);
