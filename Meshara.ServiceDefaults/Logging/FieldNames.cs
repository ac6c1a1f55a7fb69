using System.Collections.Concurrent;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Meshara.ServiceDefaults.Logging;

/// <summary>
/// The names of structured values as they appear in a log line: <c>MessageId</c> is <c>message_id</c>. A name that the
/// line itself uses gets the prefix <c>field_</c>: <c>{Level}</c> is <c>field_level</c>.
/// </summary>
internal static class FieldNames
{
    private const int MaxLength = 64;

    // Message templates use few names; a caller that logs a dictionary with unbounded keys must not fill memory.
    private const int MaxCached = 2048;

    private static readonly HashSet<string> Reserved =
    [
        "timestamp", "level", "target", "message", "span", "trace_id", "span_id", "event", "error", "stack", "suppressed",
    ];

    private static readonly ConcurrentDictionary<string, JsonEncodedText> Cache = new(StringComparer.Ordinal);

    public static JsonEncodedText Get(string name)
    {
        if (Cache.TryGetValue(name, out var known))
            return known;
        var encoded = JsonEncodedText.Encode(Convert(name), JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
        if (Cache.Count < MaxCached)
            Cache.TryAdd(name, encoded);
        return encoded;
    }

    /// <summary>The name of the <paramref name="occurrence"/>th field called <paramref name="name"/>: <c>peer_2</c>.</summary>
    public static JsonEncodedText Numbered(JsonEncodedText name, int occurrence) => JsonEncodedText.Encode($"{name.Value}_{occurrence}");

    private static string Convert(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length && text.Length < MaxLength; i++)
        {
            var c = name[i];
            if (!char.IsAsciiLetterOrDigit(c))
                Separate(text);
            else if (char.IsAsciiLetterUpper(c))
            {
                // A word begins after a small letter (messageId) and before one (TTLSeconds).
                if (i > 0 && (!char.IsAsciiLetterUpper(name[i - 1]) || (i + 1 < name.Length && char.IsAsciiLetterLower(name[i + 1]))))
                    Separate(text);
                text.Append(char.ToLowerInvariant(c));
            }
            else
                text.Append(c);
        }
        var field = text.ToString().TrimEnd('_');
        return field.Length == 0 ? "field" : Reserved.Contains(field) ? $"field_{field}" : field;
    }

    private static void Separate(StringBuilder text)
    {
        if (text.Length > 0 && text[^1] != '_')
            text.Append('_');
    }
}
