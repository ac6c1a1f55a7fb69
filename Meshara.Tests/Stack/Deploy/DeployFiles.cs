using Meshara.Tests.Stack.Local;
using YamlDotNet.RepresentationModel;

namespace Meshara.Tests.Stack.Deploy;

/// <summary>Reads the exports under <c>deploy/</c>.</summary>
internal static class DeployFiles
{
    /// <summary>The folder of the solution.</summary>
    public static string Repository { get; } = Path.GetFullPath(Path.Combine(HostProgram.Alerts, ".."));

    /// <summary>Aspire's manifest.</summary>
    public static string Manifest { get; } = Path.Combine(Repository, "deploy", "aspire-manifest.json");

    /// <summary>The folder with the compose file.</summary>
    public static string Compose { get; } = Path.Combine(Repository, "deploy", "compose");

    /// <summary>The compose file; a duplicate key is an error.</summary>
    public static YamlMappingNode ReadCompose()
    {
        var stream = new YamlStream();
        using var text = File.OpenText(Path.Combine(Compose, "docker-compose.yaml"));
        stream.Load(text);
        return (YamlMappingNode)Assert.Single(stream.Documents).RootNode;
    }

    /// <summary>A member of a mapping; null if there is none.</summary>
    public static YamlNode? Member(this YamlNode node, string name) =>
        ((YamlMappingNode)node).Children.TryGetValue(new YamlScalarNode(name), out var value) ? value : null;

    /// <summary>The members of a mapping by name; empty if the node is not a mapping.</summary>
    public static IReadOnlyDictionary<string, YamlNode> Members(this YamlNode? node) =>
        node is YamlMappingNode mapping ? mapping.Children.ToDictionary(member => Text(member.Key), member => member.Value) : new Dictionary<string, YamlNode>();

    /// <summary>The items of a sequence; empty if the node is not a sequence.</summary>
    public static IReadOnlyList<YamlNode> Items(this YamlNode? node) => node is YamlSequenceNode sequence ? [.. sequence.Children] : [];

    /// <summary>The text of a scalar.</summary>
    public static string Text(this YamlNode? node) => ((YamlScalarNode)node!).Value!;
}
