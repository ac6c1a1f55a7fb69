using System.Text.Json;
using System.Text.Json.Nodes;
using Meshara.Tests.Alerts;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace Meshara.Tests.Deploy;

/// <summary>YAML read strictly, a doubled key is an error, into the tree that tests can walk and the API's types can be made of.</summary>
internal static class YamlFile
{
    private static readonly IDeserializer Yaml = new DeserializerBuilder()
        .WithDuplicateKeyChecking()
        .WithAttemptingUnquotedStringTypeDeserialization()
        .Build();

    /// <summary>The one document of a file of the repository.</summary>
    /// <param name="path">Relative to the repository's root.</param>
    public static JsonObject Read(string path) => Assert.Single(Parse(File.ReadAllText(Path.Combine(AlertFiles.Root, path))));

    /// <summary>Every document of a stream; empty ones are left out.</summary>
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
        // By way of text: a number's JSON type is then no longer bound to the CLR's.
        _ => JsonNode.Parse(JsonSerializer.Serialize(value)),
    };
}
