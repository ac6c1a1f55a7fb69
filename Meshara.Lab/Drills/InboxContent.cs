
using Meshara.Harness.Nodes;

namespace Meshara.Lab.Drills;

/// <summary>Everything that one inbox holds at the end.</summary>
/// <param name="Node">Whose it is.</param>
/// <param name="Messages">Oldest first.</param>
internal sealed record InboxContent(int Node, IReadOnlyList<InboxRecord> Messages);
