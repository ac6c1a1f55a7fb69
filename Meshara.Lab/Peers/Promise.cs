namespace Meshara.Lab.Peers;

/// <summary>What holds for a message once its sender was told that it is accepted, in the measured configuration.</summary>
/// <param name="Durable">Where it is then, and what it survives there.</param>
/// <param name="Encrypted">From where to where it is encrypted.</param>
/// <param name="Delivery">How often a recipient may get it.</param>
internal sealed record Promise(string Durable, string Encrypted, string Delivery);
