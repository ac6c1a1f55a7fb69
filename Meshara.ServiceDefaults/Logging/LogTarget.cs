namespace Meshara.ServiceDefaults.Logging;

/// <summary>Shows the log categories under a prefix as one area.</summary>
/// <param name="CategoryPrefix">Whole name segments of a category, such as <c>Meshara.Node.Transport</c>.</param>
/// <param name="Target">The area's name in log lines and level filters, such as <c>meshara::network</c>.</param>
public sealed record LogTarget(string CategoryPrefix, string Target);
