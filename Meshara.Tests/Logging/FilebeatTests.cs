using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Meshara.Tests.Alerts;
using Meshara.Tests.Deploy;

namespace Meshara.Tests.Logging;

/// <summary>logging/filebeat.yml.</summary>
public sealed partial class FilebeatTests
{
    private static readonly JsonObject Filebeat = YamlFile.Read("logging/filebeat.yml");

    private static JsonObject Input => Assert.Single(Filebeat["filebeat.inputs"]!.AsArray())!.AsObject();

    [Fact]
    public void It_reads_the_nodes_files_line_by_line_as_JSON()
    {
        Assert.Equal("filestream", Input["type"]!.GetValue<string>());
        Assert.Equal("meshara", Input["id"]!.GetValue<string>());
        Assert.Equal("/var/log/meshara/*.log", Assert.Single(Input["paths"]!.AsArray())!.GetValue<string>());
        var ndjson = Assert.Single(Input["parsers"]!.AsArray())!["ndjson"]!;
        Assert.Equal(("", true, true), (ndjson["target"]!.GetValue<string>(), ndjson["overwrite_keys"]!.GetValue<bool>(), ndjson["add_error_key"]!.GetValue<bool>()));
    }

    [Fact]
    public void A_short_file_is_not_left_out()
    {
        Assert.True(Input.ContainsKey("file_identity.path"));
        Assert.False(Input["prospector.scanner.fingerprint.enabled"]!.GetValue<bool>());
    }

    [Fact]
    public void Positions_are_kept_and_memory_is_bounded()
    {
        Assert.StartsWith("${path.data}/", Filebeat["filebeat.registry"]!["path"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.True(Filebeat["queue.mem"]!["events"]!.GetValue<int>() <= 10_000);
    }

    [Fact]
    public void It_writes_to_the_data_stream_and_leaves_set_up_to_the_script()
    {
        Assert.Equal("logs-meshara-default", Filebeat["output.elasticsearch"]!["index"]!.GetValue<string>());
        Assert.False(Filebeat["setup.template.enabled"]!.GetValue<bool>());
        Assert.False(Filebeat["setup.ilm.enabled"]!.GetValue<bool>());
        Assert.EndsWith(":http://localhost:5601}", Filebeat["setup.kibana"]!["host"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_field_it_uses_is_in_the_contract_or_its_own()
    {
        var used = Settings("timestamp", "field").Concat(Settings("fingerprint", "fields")).Concat(Settings("timestamp", "when", "has_fields")).ToList();
        Assert.Equal(6, used.Count);
        Assert.Empty(used.Except(LogContract.Fields).Except(LogContract.AddedByFilebeat));
    }

    [Fact]
    public void It_drops_no_field_of_the_contract()
    {
        var dropped = Settings("drop_fields", "fields").ToList();
        Assert.NotEmpty(dropped);
        Assert.Empty(dropped.Intersect(LogContract.Fields.Select(field => field.Split('.')[0])));
        // Fields that Filebeat adds must not collide with fields of the line.
        Assert.DoesNotContain("log", LogContract.Fields.Select(field => field.Split('.')[0]));
    }

    [Fact]
    public void It_understands_the_contracts_timestamp()
    {
        var example = Assert.Single(Settings("timestamp", "test"));
        Assert.Contains($"\"timestamp\":\"{example}\"", File.ReadAllText(Path.Combine(AlertFiles.Root, "docs", "telemetry.md")), StringComparison.Ordinal);
        Assert.Equal(["2006-01-02T15:04:05.000Z"], Settings("timestamp", "layouts"));
    }

    [Fact]
    public void Every_variable_is_explained()
    {
        var text = File.ReadAllText(Path.Combine(AlertFiles.Root, "logging", "filebeat.yml"));
        var readme = File.ReadAllText(Path.Combine(AlertFiles.Root, "logging", "README.md"));
        var variables = Variable().Matches(text).Select(match => match.Groups["name"].Value).Distinct().ToList();
        Assert.NotEmpty(variables);
        Assert.All(variables, variable => Assert.Contains($"`{variable}`", readme, StringComparison.Ordinal));
    }

    /// <summary>The values of a setting of a processor, whether it is a list or not.</summary>
    private static IEnumerable<string> Settings(string processor, params string[] path)
    {
        var node = Assert.Single(Filebeat["processors"]!.AsArray(), one => one!.AsObject().ContainsKey(processor))![processor];
        // when.has_fields is a single key that contains a dot.
        node = path is [var first, var second] ? node![$"{first}.{second}"] : node![path[0]];
        return node is JsonArray list ? list.Select(one => one!.GetValue<string>()) : [node!.GetValue<string>()];
    }

    [GeneratedRegex(@"\$\{(?<name>[A-Z_]+)")]
    private static partial Regex Variable();
}
