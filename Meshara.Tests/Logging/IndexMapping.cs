using System.Globalization;
using System.Text.Json;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Logging;

/// <summary>
/// The mapping of the log index, and how Elasticsearch would index a document under it. Stricter in one respect: a value that
/// <c>ignore_malformed</c> or <c>ignore_above</c> would silently exclude from the index also counts as a conflict.
/// </summary>
internal sealed class IndexMapping
{
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _limits = new(StringComparer.Ordinal);
    private readonly HashSet<string> _objects = new(StringComparer.Ordinal);

    private IndexMapping(JsonElement mappings)
    {
        Dynamic = mappings.GetProperty("dynamic").ToString();
        Add("", mappings.GetProperty("properties"));
    }

    /// <summary>The type of each mapped field, by path.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    /// <summary>The handling of fields that are not mapped.</summary>
    public string Dynamic { get; }

    public static IndexMapping Load() =>
        new(JsonDocument.Parse(File.ReadAllText(Path.Combine(AlertFiles.Root, "logging", "elasticsearch", "mappings.json"))).RootElement.GetProperty("template").GetProperty("mappings"));

    /// <summary>The conflicts of a document with the mapping; empty if all of it is indexed as mapped.</summary>
    public IEnumerable<string> Conflicts(JsonElement document) => Conflicts("", document);

    private void Add(string parent, JsonElement properties)
    {
        foreach (var property in properties.EnumerateObject())
        {
            var path = parent + property.Name;
            if (property.Value.TryGetProperty("properties", out var children))
            {
                _objects.Add(path);
                Add(path + ".", children);
                continue;
            }
            _types.Add(path, property.Value.GetProperty("type").GetString()!);
            if (property.Value.TryGetProperty("ignore_above", out var limit))
                _limits.Add(path, limit.GetInt32());
        }
    }

    private IEnumerable<string> Conflicts(string parent, JsonElement document) => document.EnumerateObject().SelectMany(property =>
    {
        var path = parent + property.Name;
        var values = property.Value.ValueKind == JsonValueKind.Array ? [.. property.Value.EnumerateArray()] : (JsonElement[])[property.Value];
        return values.Where(value => value.ValueKind != JsonValueKind.Null).SelectMany(value => ConflictsOf(path, value));
    });

    private IEnumerable<string> ConflictsOf(string path, JsonElement value)
    {
        if (_objects.Contains(path))
            return value.ValueKind == JsonValueKind.Object ? Conflicts(path + ".", value) : [$"{path} is an object in the mapping, but {value} in the line"];
        if (!_types.TryGetValue(path, out var type))
            return Dynamic == "strict" ? [$"{path} is not in the mapping"] : [];
        if (!Fits(type, value))
            return [$"{path} is {type} in the mapping, but {value} in the line"];
        return _limits.TryGetValue(path, out var limit) && value.ToString().Length > limit ? [$"{path} has more than {limit} characters"] : [];
    }

    private static bool Fits(string type, JsonElement value) => type switch
    {
        "keyword" or "match_only_text" => value.ValueKind is JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False,
        "long" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "double" => value.ValueKind == JsonValueKind.Number,
        "date" => value.ValueKind == JsonValueKind.String
            && DateTimeOffset.TryParseExact(value.GetString(), "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _),
        _ => throw new InvalidDataException($"This validator does not know the type {type}."),
    };
}
