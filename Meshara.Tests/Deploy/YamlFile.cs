using System.Text.Json;
using System.Text.Json.Nodes;
using Meshara.Tests.Alerts;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace Meshara.Tests.Deploy;

/// <summary>
/// Parses YAML strictly (a duplicate key is an error) into a JSON tree that tests can inspect and convert into API types.
/// </summary>
internal static class YamlFile
{
    private static readonly IDeserializer Yaml = new DeserializerBuilder()
        .WithDuplicateKeyChecking()
        .WithAttemptingUnquotedStringTypeDeserialization()
        .Build();

    /// <summary>The only document of a file in the repository.</summary>
    /// <param name="path">Relative to the repository's root.</param>
    public static JsonObject Read(string path) => Assert.Single(Parse(File.ReadAllText(Path.Combine(AlertFiles.Root, path))));

    /// <summary>The documents of a stream, without empty ones.</summary>
    public static IReadOnlyList<JsonObject> Parse(string text)
    {
        var parser = new Parser(new StringReader(text));
        parser.Consume<StreamStart>();
        var documents = new List<JsonObject>();
        while (parser.Accept<DocumentStart>(out _))
        {
            if (Node(Yaml.Deserialize<object?>(parser)) is { } document)
                documents.Add(document.AsObject());
        }
        return documents;
    }

    private static JsonNode? Node(object? value) => value switch
    {
        null => null,
        IDictionary<object, object?> map => new JsonObject(map.Select(entry => KeyValuePair.Create(entry.Key.ToString()!, Node(entry.Value)))),
        IEnumerable<object?> list => new JsonArray([.. list.Select(Node)]),
        // Through text, so that a number's JSON type is not bound to its CLR type.
        _ => JsonNode.Parse(JsonSerializer.Serialize(value)),
    };
}
