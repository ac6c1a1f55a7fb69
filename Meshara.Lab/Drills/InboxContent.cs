
using Meshara.Harness.Nodes;

namespace Meshara.Lab.Drills;

/// <summary>The full content of one inbox at the end of the drill.</summary>
/// <param name="Node">Index of its node.</param>
/// <param name="Messages">Oldest first.</param>
internal sealed record InboxContent(int Node, IReadOnlyList<InboxRecord> Messages);
