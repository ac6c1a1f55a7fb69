using Microsoft.Extensions.Logging;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>One log call on its way to a line.</summary>
/// <param name="Fields">The structured values, including the template as <c>{OriginalFormat}</c>.</param>
/// <param name="Suppressed">Number of lines of this event that were held back; 0 for an ordinary line.</param>
internal readonly record struct LogEntry(
    DateTimeOffset Timestamp,
    LogLevel Level,
    string Target,
    string Message,
    string? EventName,
    Exception? Exception = null,
    IReadOnlyList<KeyValuePair<string, object?>>? Fields = null,
    long Suppressed = 0);
