namespace Meshara.ServiceDefaults.Logging;

/// <summary>Shows the log categories under a prefix as one area.</summary>
/// <param name="CategoryPrefix">Whole name segments of a category, such as <c>Meshara.Node.Transport</c>.</param>
/// <param name="Target">What the log line and the level filter call it, such as <c>meshara::network</c>.</param>
public sealed record LogTarget(string CategoryPrefix, string Target);
