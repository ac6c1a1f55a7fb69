using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Deploy;

/// <summary>The Helm chart and kustomize produce the same objects, except for what <c>Comparable</c> removes.</summary>
public sealed partial class ChartTests
{
    // Helm's labels, checksums that trigger a rollout, and hook annotations: kustomize has its own ways for these.
    private static readonly string[] OfHelm =
    [
        "app.kubernetes.io/part-of", "app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by",
        "helm.sh/chart", "helm.sh/hook", "helm.sh/hook-delete-policy", "helm.sh/hook-weight", "checksum/filebeat", "checksum/jaeger",
    ];

    [Fact]
    public async Task Helm_has_nothing_to_warn_of()
    {
        foreach (var values in Chart.Values)
        {
            var lint = await Chart.LintAsync(values);
            Assert.True(lint.ExitCode == 0, lint.Output);
        }
    }

    [Fact]
    public async Task Its_values_make_the_objects_of_overlay_production()
    {
        var chart = Comparable(await Chart.RenderAsync(
            Chart.Default, "--set", "image.repository=registry.example.org/meshara/meshara-node"));
        var overlay = Comparable(await Manifests.KustomizeAsync("overlays/production"));
        // The preceding kustomize step is a hook of the chart.
        overlay["Job logs-setup"] = Comparable(await Manifests.KustomizeAsync("logs-setup"))["Job logs-setup"];
        AssertSame(overlay, chart);
    }

    [Fact]
    public async Task The_example_makes_the_objects_of_overlay_example()
    {
        var chart = Comparable(await Chart.RenderAsync("example"));
        // Overlay logs-setup produces it.
        chart.Remove("Job logs-setup");
        var overlay = Comparable(await Manifests.KustomizeAsync("overlays/example"));
        // The overlay has the list of admitted peers in a ConfigMap, the chart in a value.
        overlay.Remove("ConfigMap admitted-peers", out var admitted);
        var setting = Container(overlay).Single(one => one!["name"]!.GetValue<string>() == "Transport__AdmittedPeers")!.AsObject();
        setting.Remove("valueFrom");
        setting["value"] = admitted!["data"]!["addresses"]!.GetValue<string>();
        AssertSame(overlay, chart);

        static JsonArray Container(Dictionary<string, JsonObject> objects) =>
            objects["StatefulSet node"]["spec"]!["template"]!["spec"]!["containers"]![0]!["env"]!.AsArray();
    }

    [Fact]
    public async Task It_makes_what_stands_beside_the_monitoring_chart()
    {
        var without = Comparable(await Chart.RenderAsync("local"));
        var chart = Comparable(await Chart.RenderAsync("local", "--set", "monitoring.beside.enabled=true"))
            .Where(one => !without.ContainsKey(one.Key)).ToDictionary(StringComparer.Ordinal);
        var kustomized = Comparable(await Manifests.KustomizeAsync("monitoring"));
        // One service has the same name as one of the mesh; the other test compares both.
        kustomized.Remove("Service jaeger");
        kustomized["Secret alertmanager-meshara"]["data"] = Decoded(kustomized);
        chart["Secret alertmanager-meshara"]["data"] = Decoded(chart);
        AssertSame(kustomized, chart);

        static JsonObject Decoded(Dictionary<string, JsonObject> objects) => new(objects["Secret alertmanager-meshara"]["data"]!.AsObject()
            .Select(file => KeyValuePair.Create(file.Key, Meaning(file.Key, Convert.FromBase64String(file.Value!.GetValue<string>())))));

        // The chart writes the same settings with quotation marks.
        static JsonNode? Meaning(string name, byte[] content) => name.EndsWith(".yaml", StringComparison.Ordinal)
            ? YamlFile.Parse(System.Text.Encoding.UTF8.GetString(content)).Single()
            : Convert.ToBase64String(content);
    }

    [Fact]
    public async Task Nodes_are_retired_by_a_value_as_base_retired_says()
    {
        var objects = Comparable(await Chart.RenderAsync("local", "--set", "monitoring.retired={node-5}"));
        var rule = Assert.Single(objects["PrometheusRule meshara-retired"]["spec"]!["groups"]![0]!["rules"]!.AsArray())!;
        var head = await File.ReadAllLinesAsync(
            Path.Combine(AlertFiles.Root, "deploy/kubernetes/base/retired.yaml"), TestContext.Current.CancellationToken);
        var example = string.Join('\n', head.Where(line => line.StartsWith("#   ", StringComparison.Ordinal)).Select(line => line[1..]));
        Assert.True(JsonNode.DeepEquals(YamlFile.Parse("rules:\n" + example).Single()["rules"]![0], rule), rule.ToJsonString());
    }

    [Fact]
    public async Task Without_monitors_and_policies_none_is_made()
    {
        var objects = Comparable(await Chart.RenderAsync(
            Chart.Default, "--set", "monitoring.enabled=false", "--set", "networkPolicies.enabled=false"));
        Assert.Empty(objects.Keys.Select(name => name.Split(' ')[0]).Intersect(["ServiceMonitor", "PrometheusRule", "NetworkPolicy"]));
        Assert.DoesNotContain(objects.Keys, name => name.Contains("dashboard", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nodes.cuont=3")]
    [InlineData("nodes.count=0")]
    [InlineData("elasticsearch.url=elasticsearch:9200")]
    [InlineData("image.digest=sha256:abc")]
    [InlineData("monitoring.beside.mail.smarthost=relay.example.org")]
    public async Task A_value_that_it_does_not_know_or_cannot_use_is_refused(string value)
    {
        var rendered = await Chart.RunAsync("--set", value);
        Assert.NotEqual(0, rendered.ExitCode);
        Assert.Contains("values don't meet the specifications", rendered.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void It_has_the_version_that_is_built()
    {
        var built = VersionElement().Match(File.ReadAllText(Path.Combine(AlertFiles.Root, "Directory.Build.props"))).Groups[1].Value;
        var chart = YamlFile.Read("deploy/helm/meshara/Chart.yaml");
        Assert.Equal((built, built), (chart["version"]!.GetValue<string>(), chart["appVersion"]!.GetValue<string>()));
    }

    [Fact]
    public void It_has_no_copy_of_what_is_elsewhere()
    {
        var files = new DirectoryInfo(Path.Combine(Chart.Folder, "files")).GetFileSystemInfos();
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.True(
            Directory.Exists(file.ResolveLinkTarget(returnFinalTarget: true)?.FullName), $"{file} is not a link to a folder."));
    }

    // The objects by kind and name. Left out: the namespace and its object, which Helm gets as an argument; the labels and
    // annotations above; hashes at the ends of names; the order of named items; and empty lists.
    private static Dictionary<string, JsonObject> Comparable(string yaml)
    {
        var plain = HashedName().Matches(yaml).Select(match => match.Groups["name"].Value).Distinct()
            .Aggregate(yaml, (text, name) => text.Replace(name, name[..^11], StringComparison.Ordinal))
            // A hook has its own copy of it.
            .Replace("name: logs-setup-elasticsearch", "name: elasticsearch", StringComparison.Ordinal);
        var objects = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        foreach (var one in YamlFile.Parse(plain).Where(one => one["kind"]!.GetValue<string>() != "Namespace"))
        {
            one["metadata"]!.AsObject().Remove("namespace");
            objects[$"{one["kind"]} {one["metadata"]!["name"]}"] = Cleaned(one)!.AsObject();
        }
        return objects;
    }

    private static JsonNode? Cleaned(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.Where(member => !OfHelm.Contains(member.Key))
            .Select(member => KeyValuePair.Create(member.Key, Cleaned(member.Value)))
            .Where(member => member.Value is not (null or JsonArray { Count: 0 } or JsonObject { Count: 0 }) || member.Key == "rules")),
        JsonArray list => new JsonArray(
            [.. list.Select(Cleaned).OrderBy(item => (item as JsonObject)?["name"]?.ToString(), StringComparer.Ordinal)]),
        _ => node?.DeepClone(),
    };

    private static void AssertSame(Dictionary<string, JsonObject> expected, Dictionary<string, JsonObject> actual)
    {
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, one => Assert.True(
            JsonNode.DeepEquals(one.Value, actual[one.Key]), $"{one.Key}: kustomize makes\n{one.Value}\nand Helm\n{actual[one.Key]}"));
    }

    [GeneratedRegex(@"^kind: ConfigMap\nmetadata:\n(  .*\n)*?  name: (?<name>[a-z-]+-[a-z0-9]{10})$", RegexOptions.Multiline)]
    private static partial Regex HashedName();

    [GeneratedRegex("<Version>([^<]+)</Version>")]
    private static partial Regex VersionElement();
}
