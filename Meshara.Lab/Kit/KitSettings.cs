using Meshara.Harness;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Meshara.Lab.Kit;

/// <summary>
/// The settings of the alerting kit by path (<c>objectives:delivery:percent</c>): those of <c>alerts/kit/settings.yml</c>, overridden by
/// those of the user's file.
/// </summary>
internal sealed class KitSettings
{
    private readonly Dictionary<string, IReadOnlyList<string>> _values = new(StringComparer.Ordinal);

    /// <param name="defaults">The file with every setting.</param>
    /// <param name="own">A file with settings that differ; null for none.</param>
    /// <exception cref="StackException">A file cannot be read, or a setting is unknown.</exception>
    public static KitSettings Load(string defaults, string? own)
    {
        var settings = new KitSettings();
        foreach (var (path, values) in Read(defaults))
            settings._values[path] = values;
        if (own is null)
            return settings;
        foreach (var (path, values) in Read(own))
        {
            if (!settings._values.ContainsKey(path))
                throw new StackException($"{own}: there is no setting {path}; {defaults} has them all.", ExitCodes.Usage);
            settings._values[path] = values;
        }
        return settings;
    }

    /// <summary>The paths of all settings.</summary>
    public IEnumerable<string> Paths => _values.Keys;

    /// <summary>A single value.</summary>
    /// <exception cref="StackException">There is no such setting, or it is a list.</exception>
    public string this[string path] => List(path) is [var value] ? value : throw new StackException($"The setting {path} is not one value.", ExitCodes.Usage);

    /// <summary>The values of a list.</summary>
    /// <exception cref="StackException">There is no such setting.</exception>
    public IReadOnlyList<string> List(string path) =>
        _values.GetValueOrDefault(path) ?? throw new StackException($"There is no setting {path}.", ExitCodes.Usage);

    private static IEnumerable<(string Path, IReadOnlyList<string> Values)> Read(string file)
    {
        try
        {
            return Flatten("", new DeserializerBuilder().Build().Deserialize<object>(File.ReadAllText(file)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or YamlException)
        {
            throw new StackException($"{file} cannot be read: {e.Message}", ExitCodes.Usage);
        }
    }

    private static IEnumerable<(string Path, IReadOnlyList<string> Values)> Flatten(string path, object? value) => value switch
    {
        IDictionary<object, object?> members => members.SelectMany(member => Flatten(path.Length == 0 ? $"{member.Key}" : $"{path}:{member.Key}", member.Value)),
        IEnumerable<object?> list => [(path, [.. list.Select(item => $"{item}")])],
        null when path.Length == 0 => [],
        _ => [(path, [$"{value}"])],
    };
}
