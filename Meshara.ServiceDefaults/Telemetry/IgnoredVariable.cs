namespace Meshara.ServiceDefaults.Telemetry;

/// <summary>An environment variable that is ignored because its value is invalid.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its value.</param>
/// <param name="Allowed">A description of the allowed values.</param>
internal sealed record IgnoredVariable(string Name, string Value, string Allowed);
