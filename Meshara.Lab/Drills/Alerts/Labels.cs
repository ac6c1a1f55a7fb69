using System.Text.Json;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>A set of labels; equal if all names and values are.</summary>
internal sealed class Labels : IEquatable<Labels>
{
    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);

    /// <summary>The name of the alert.</summary>
    public string Alert => _values.GetValueOrDefault("alertname", "");

    /// <summary>Values by name.</summary>
    public IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>Creates a set from pairs of name and value.</summary>
    public static Labels Of(params IEnumerable<(string Name, string Value)> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var result = new Labels();
        foreach (var (name, value) in labels)
            result._values[name] = value;
        return result;
    }

    /// <summary>Reads a set from a JSON object with one member per label.</summary>
    public static Labels Read(JsonElement json) => Of(json.EnumerateObject().Select(label => (label.Name, label.Value.GetString() ?? "")));

    /// <summary>A copy with more labels.</summary>
    public Labels With(params IEnumerable<(string Name, string Value)> labels) => Of(_values.Select(label => (label.Key, label.Value)).Concat(labels));

    /// <summary>True if this set contains all labels of <paramref name="some"/>.</summary>
    public bool Contain(Labels some)
    {
        ArgumentNullException.ThrowIfNull(some);
        return some._values.All(label => _values.GetValueOrDefault(label.Key) == label.Value);
    }

    public bool Equals(Labels? other) => other is not null && ToString() == other.ToString();

    public override bool Equals(object? obj) => Equals(obj as Labels);

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>The labels in the format of the mails.</summary>
    public override string ToString() => string.Join(' ', _values.Select(label => $"{label.Key}={label.Value}"));
}
