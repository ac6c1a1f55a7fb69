namespace Meshara.Harness.Nodes;

/// <summary>A node's identity, as the node reports it.</summary>
/// <param name="Address">Its address in the mesh.</param>
/// <param name="Name">The name its operator gave it.</param>
internal sealed record NodeIdentity(string Address, string Name);
