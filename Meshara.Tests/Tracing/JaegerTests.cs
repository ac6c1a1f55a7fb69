using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using Meshara.Tests.Alerts;
using Meshara.Tests.Deploy;

namespace Meshara.Tests.Tracing;

/// <summary>tracing/: both configurations of Jaeger, and that of its UI.</summary>
public sealed partial class JaegerTests
{
    public static TheoryData<string> Files => ["tracing/jaeger.yaml", "tracing/memory.yaml"];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_pipeline_is_made_of_what_is_defined_and_everything_defined_is_used(string file)
    {
        var jaeger = YamlFile.Read(file);
        var pipelines = jaeger["service"]!["pipelines"]!.AsObject().Select(pipeline => pipeline.Value!.AsObject()).ToList();
        var connectors = Names(jaeger, "connectors");

        Assert.Equal(Names(jaeger, "receivers").Concat(connectors).Order(), Used("receivers"));
        Assert.Equal(Names(jaeger, "processors").Order(), Used("processors"));
        Assert.Equal(Names(jaeger, "exporters").Concat(connectors).Order(), Used("exporters"));
        Assert.Equal(Names(jaeger, "extensions").Order(), Strings(jaeger["service"]!["extensions"]).Order());

        IEnumerable<string> Used(string part) => pipelines.SelectMany(pipeline => Strings(pipeline[part])).Distinct().Order();
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_storage_that_is_named_is_there(string file)
    {
        var jaeger = YamlFile.Read(file);
        var storage = jaeger["extensions"]!["jaeger_storage"]!;
        var query = jaeger["extensions"]!["jaeger_query"]!["storage"]!;
        Assert.Equal("traces", Text(query["traces"]));
        Assert.Equal("traces", Text(jaeger["exporters"]!["jaeger_storage_exporter"]!["trace_storage"]));
        Assert.Single(storage["backends"]!["traces"]!.AsObject());
        Assert.NotNull(storage["metric_backends"]![Text(query["metrics"])]);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void It_listens_where_the_stack_expects_it(string file)
    {
        var jaeger = YamlFile.Read(file);
        var ports = StackPorts.Default;
        Assert.Equal($"0.0.0.0:{ports.Jaeger}", Text(jaeger["extensions"]!["jaeger_query"]!["http"]!["endpoint"]));
        Assert.Equal($"0.0.0.0:{ports.OtlpGrpc}", Text(jaeger["receivers"]!["otlp"]!["protocols"]!["grpc"]!["endpoint"]));
        Assert.Equal($"0.0.0.0:{ports.OtlpHttp}", Text(jaeger["receivers"]!["otlp"]!["protocols"]!["http"]!["endpoint"]));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void The_Monitor_tab_asks_Prometheus_for_the_names_that_its_exporter_writes(string file)
    {
        var jaeger = YamlFile.Read(file);
        var prometheus = jaeger["extensions"]!["jaeger_storage"]!["metric_backends"]!["spanmetrics"]!["prometheus"]!;
        Assert.True(prometheus["normalize_calls"]!.GetValue<bool>());
        Assert.True(prometheus["normalize_duration"]!.GetValue<bool>());
        Assert.Equal($"${{env:PROMETHEUS_URL:-http://prometheus:{StackPorts.Default.Prometheus}}}", Text(prometheus["endpoint"]));
        // Both sides use their defaults: a namespace or unit on one side only would leave the tab empty.
        Assert.Null(jaeger["connectors"]!["spanmetrics"]!["namespace"]);
        Assert.Null(jaeger["connectors"]!["spanmetrics"]!["histogram"]!["unit"]);
        Assert.Contains(AlertFiles.Read<Dictionary<string, object>>(Path.Combine(AlertFiles.Alerts, "prometheus.yml")).Keys, key => key == "scrape_configs");
        Assert.Contains("job_name: jaeger", File.ReadAllText(Path.Combine(AlertFiles.Alerts, "prometheus.yml")), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Durations_of_spans_have_the_buckets_of_the_contract(string file)
    {
        var contract = TelemetryContract.Load().Metrics["meshara_message_latency_seconds"].Bounds;
        var buckets = Strings(YamlFile.Read(file)["connectors"]!["spanmetrics"]!["histogram"]!["explicit"]!["buckets"]);
        Assert.Equal(contract, buckets.Select(Seconds));
    }

    [Fact]
    public void In_memory_nothing_differs_but_the_storage()
    {
        var (full, small) = (YamlFile.Read("tracing/jaeger.yaml"), YamlFile.Read("tracing/memory.yaml"));
        var (stored, kept) = (Backend(full), Backend(small));
        Assert.Equal("elasticsearch", stored.Key);
        Assert.Equal("memory", kept.Key);
        Assert.True(JsonNode.DeepEquals(full, small));
    }

    [Fact]
    public void Every_variable_is_explained()
    {
        var readme = File.ReadAllText(Path.Combine(AlertFiles.Root, "tracing", "README.md"));
        var variables = Files.SelectMany(file => Variable().Matches(File.ReadAllText(Path.Combine(AlertFiles.Root, file.Data))))
            .Select(match => match.Groups["name"].Value).Distinct().ToList();
        Assert.Equal(5, variables.Count);
        Assert.All(variables, variable => Assert.Contains($"`{variable}`", readme, StringComparison.Ordinal));
    }

    [Fact]
    public void The_readme_runs_the_image_of_the_stack()
    {
        var readme = File.ReadAllText(Path.Combine(AlertFiles.Root, "tracing", "README.md"));
        Assert.Contains($" {ContainerImage.Jaeger} --config", readme, StringComparison.Ordinal);
        Assert.Contains($"jaeger-es-index-cleaner:{ContainerImage.Jaeger.Tag} ", readme, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_shows_the_Monitor_tab_and_links_by_attributes_that_spans_have()
    {
        var page = JsonNode.Parse(File.ReadAllText(Path.Combine(AlertFiles.Root, "tracing", "ui.json")))!;
        Assert.True(page["monitor"]!["menuEnabled"]!.GetValue<bool>());
        var spans = Telemetry.SpanContract.Load().Values.SelectMany(span => span.Attributes).ToHashSet(StringComparer.Ordinal);
        Assert.All(page["linkPatterns"]!.AsArray(), link =>
        {
            var names = Placeholder().Matches(Text(link!["url"])).Select(match => match.Groups["name"].Value).ToList();
            Assert.NotEmpty(names);
            Assert.All(names, name => Assert.True(name is "traceID" or "meshara.node.name" || spans.Contains(name), name));
        });
        Assert.Equal("/etc/jaeger/ui.json", Text(YamlFile.Read("tracing/jaeger.yaml")["extensions"]!["jaeger_query"]!["ui"]!["config_file"]));
    }

    /// <summary>Removes the trace storage from a configuration and returns it.</summary>
    private static KeyValuePair<string, JsonNode?> Backend(JsonObject jaeger)
    {
        var backends = jaeger["extensions"]!["jaeger_storage"]!["backends"]!.AsObject();
        var backend = Assert.Single(backends["traces"]!.AsObject());
        backends.Remove("traces");
        return backend;
    }

    private static string Seconds(string duration) => duration switch
    {
        "1s" => "1",
        "5s" => "5",
        _ => (decimal.Parse(duration.Replace("ms", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture) / 1000)
            .ToString("0.###", System.Globalization.CultureInfo.InvariantCulture),
    };

    private static IEnumerable<string> Names(JsonObject jaeger, string section) => jaeger[section]!.AsObject().Select(entry => entry.Key);

    private static IEnumerable<string> Strings(JsonNode? list) => list is null ? [] : list.AsArray().Select(Text);

    private static string Text(JsonNode? node) => node!.GetValue<string>();

    [GeneratedRegex(@"\$\{env:(?<name>[A-Z_]+)")]
    private static partial Regex Variable();

    [GeneratedRegex(@"#\{(?<name>[A-Za-z_.]+)\}")]
    private static partial Regex Placeholder();
}
