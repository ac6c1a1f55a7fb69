namespace Meshara.Harness.Nodes;

/// <summary>A message seen in a node's inbox.</summary>
/// <param name="Cursor">Where to resume after it.</param>
/// <param name="IsBroadcast">Sent to everybody.</param>
/// <param name="Text">Its content; null when that is not text.</param>
internal sealed record InboxArrival(string Cursor, bool IsBroadcast, string? Text);
