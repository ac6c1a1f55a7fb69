namespace Meshara.Harness.Nodes;

/// <summary>Who a node says it is.</summary>
/// <param name="Address">Its address in the mesh.</param>
/// <param name="Name">Its operator's name for it.</param>
internal sealed record NodeIdentity(string Address, string Name);
