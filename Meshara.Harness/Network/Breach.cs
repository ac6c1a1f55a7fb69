namespace Meshara.Harness.Network;

/// <summary>How a split affects connections between its two sides.</summary>
internal enum Breach
{
    /// <summary>
    /// Packets are dropped. Connections stall, and continue after the split heals unless an end has given up.
    /// </summary>
    Silent,

    /// <summary>Connections are reset and new ones are refused.</summary>
    Rejecting,
}
