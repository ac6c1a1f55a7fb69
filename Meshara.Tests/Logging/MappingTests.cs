using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Meshara.Node;
using Meshara.ServiceDefaults.Logging;
using Meshara.Tests.Alerts;
using Microsoft.Extensions.Logging;

namespace Meshara.Tests.Logging;

/// <summary>logging/elasticsearch/ matches the contract.</summary>
public sealed class MappingTests
{
    private readonly IndexMapping _mapping = IndexMapping.Load();

    [Fact]
    public void Every_field_of_the_contract_is_mapped_and_no_other() => Assert.Equal(
        LogContract.Fields.Union(LogContract.AddedByFilebeat).Order(StringComparer.Ordinal),
        _mapping.Types.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Every_field_has_the_type_of_its_values()
    {
        var values = from type in typeof(NodeHost).Assembly.GetTypes().Concat(typeof(FieldNames).Assembly.GetTypes())
                     from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                     where method.GetCustomAttribute<LoggerMessageAttribute>() is not null
                     from parameter in method.GetParameters()
                     where !typeof(ILogger).IsAssignableFrom(parameter.ParameterType) && !typeof(Exception).IsAssignableFrom(parameter.ParameterType)
                         && parameter.ParameterType != typeof(LogLevel)
                     select (Field: FieldNames.Get(parameter.Name!).Value, parameter.ParameterType);
        var wrong = values.Where(value => !Suits(_mapping.Types[value.Field], value.ParameterType)).ToList();
        Assert.Empty(wrong);
        Assert.NotEmpty(values);
    }

    [Fact]
    public void Fields_of_libraries_can_neither_conflict_nor_multiply()
    {
        Assert.Equal("False", _mapping.Dynamic);
        using var line = JsonDocument.Parse("""{"connection_id":"0HN","nested":{"a":1},"seconds":1.5}""");
        Assert.Empty(_mapping.Conflicts(line.RootElement));
    }

    [Theory]
    [InlineData("""{"span":"send_message"}""")]
    [InlineData("""{"message_id":{"a":1}}""")]
    [InlineData("""{"attempts":"three"}""")]
    [InlineData("""{"attempts":1.5}""")]
    [InlineData("""{"timestamp":"yesterday"}""")]
    [InlineData("""{"error":{"type":["x",{}]}}""")]
    public void A_value_that_does_not_fit_is_a_conflict(string line) => Assert.Single(_mapping.Conflicts(JsonDocument.Parse(line).RootElement));

    [Fact]
    public void The_template_takes_what_Filebeat_writes_and_is_found_by_the_pattern_of_old()
    {
        var template = Read("template.json");
        Assert.Equal(["logs-meshara-*"], Strings(template["index_patterns"]!));
        Assert.NotNull(template["data_stream"]);
        // Elasticsearch's own template for logs-*-* has 100.
        Assert.True(template["priority"]!.GetValue<int>() > 100);
        Assert.Equal(["meshara-logs-settings", "meshara-logs-mappings"], Strings(template["composed_of"]!));
        Assert.StartsWith("meshara-logs-", Assert.Single(template["template"]!["aliases"]!.AsObject()).Key, StringComparison.Ordinal);
    }

    [Fact]
    public void The_index_mode_is_stated_and_lines_are_sorted_by_what_each_of_them_has()
    {
        // Without an index mode, Elasticsearch 9 chooses logsdb for logs-* and sorts by host.name, which no line has:
        // https://www.elastic.co/docs/manage-data/data-store/data-streams/logs-data-stream-configure
        var settings = Read("settings.json")["template"]!["settings"]!["index"]!;
        Assert.Equal("logsdb", settings["mode"]?.GetValue<string>());
        var fields = Strings(settings["sort"]!["field"]!).ToList();
        Assert.Equal(fields.Count, Strings(settings["sort"]!["order"]!).Count());
        // Filebeat adds these fields to every line and drops none; only these types can be sorted.
        Assert.Subset(LogContract.AddedByFilebeat.ToHashSet(), fields.ToHashSet());
        Assert.All(fields, field => Assert.Contains(_mapping.Types[field], (string[])["keyword", "date", "long"]));
        var dropped = Deploy.YamlFile.Read("logging/filebeat.yml")["processors"]!.AsArray()
            .Select(one => one!["drop_fields"]).OfType<JsonNode>().SelectMany(one => Strings(one["fields"]!));
        Assert.Empty(dropped.Intersect(fields.Select(field => field.Split('.')[0])));
    }

    [Fact]
    public void Indices_go_from_hot_to_warm_to_nothing()
    {
        var settings = Read("settings.json")["template"]!["settings"]!["index"]!;
        Assert.Equal("meshara-logs", settings["lifecycle"]!["name"]!.GetValue<string>());
        var phases = Read("lifecycle.json")["policy"]!["phases"]!.AsObject();
        Assert.Equal(["hot", "warm", "delete"], phases.Select(phase => phase.Key));
        Assert.NotNull(phases["hot"]!["actions"]!["rollover"]);
        var ages = phases.Select(phase => TimeSpan.Parse(Age(phase.Value!["min_age"]!.GetValue<string>()), System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(ages.Order(), ages);
    }

    private static bool Suits(string mapped, Type type) => mapped switch
    {
        "long" => type == typeof(int) || type == typeof(uint) || type == typeof(long),
        "double" => type == typeof(double),
        _ => !type.IsPrimitive,
    };

    // 0ms, 2d
    private static string Age(string age) => age == "0ms" ? "0" : age.TrimEnd('d');

    private static JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(AlertFiles.Root, "logging", "elasticsearch", file)))!;

    private static IEnumerable<string> Strings(JsonNode list) => list.AsArray().Select(one => one!.GetValue<string>());
}
