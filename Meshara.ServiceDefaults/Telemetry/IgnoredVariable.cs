namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>A variable whose value means nothing.</summary>
/// <param name="Name">Which.</param>
/// <param name="Value">What it is set to.</param>
/// <param name="Allowed">What it may be, for people.</param>
internal sealed record IgnoredVariable(string Name, string Value, string Allowed);
