namespace Meshara.Lab.Simulation;

/// <summary>What kind of node a simulated node is.</summary>
/// <param name="IsHidden">It can dial but cannot be dialled, as behind a NAT.</param>
/// <param name="IsHostile">It lies to others, see <see cref="Hostility"/>.</param>
internal readonly record struct NodeTraits(bool IsHidden, bool IsHostile);
