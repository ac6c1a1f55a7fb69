namespace Meshara.Harness.Network;

/// <summary>What the nodes on both sides of a split notice of it.</summary>
internal enum Breach
{
    /// <summary>
    /// Nothing: packets vanish. Connections stand still and go on when the network is whole again, if they are still there.
    /// </summary>
    Silent,

    /// <summary>Connections break and new ones are refused.</summary>
    Rejecting,
}
