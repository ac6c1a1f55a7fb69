using System.Globalization;
using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;
using k8s.Models;

namespace Meshara.Tests.Deploy;

/// <summary>deploy/kubernetes/base as written, without any tool.</summary>
public sealed class BaseTests
{
    private static readonly Manifests Base = Manifests.Parse(string.Join("\n---\n", Files("base").Select(File.ReadAllText)));

    private static V1Container Node => Assert.Single(Base.Find<V1StatefulSet>("node").Spec.Template.Spec.Containers);

    [Fact]
    public void Every_file_is_listed_and_every_listed_file_is_there() => Assert.All(Kustomizations(), path =>
    {
        var folder = Path.GetDirectoryName(path)!;
        var listed = YamlFile.Parse(File.ReadAllText(path)).Single();
        var names = ((string[])["resources", "components"]).SelectMany(part => listed[part]?.AsArray() ?? []).Select(name => name!.GetValue<string>())
            .Concat((listed["patches"]?.AsArray() ?? []).Select(patch => patch!["path"]!.GetValue<string>()))
            .Concat(((string[])["configMapGenerator", "secretGenerator"]).SelectMany(part => listed[part]?.AsArray() ?? [])
                .SelectMany(map => map!["files"]?.AsArray() ?? []).Select(name => name!.GetValue<string>().Split('=')[^1])).ToList();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.True(Path.Exists(Path.Combine(folder, name)), $"{path}: {name}"));
        if (folder.Contains("kubernetes", StringComparison.Ordinal))
            Assert.Equal(Directory.GetFiles(folder, "*.yaml").Select(Path.GetFileName).Where(name => name != "kustomization.yaml").Order(), names.Where(name => name.EndsWith(".yaml", StringComparison.Ordinal)).Order());
    });

    [Fact]
    public void The_probes_are_those_of_the_seed()
    {
        Assert.Equal(("/health", "8080", 10, 10), Probe(Node.LivenessProbe));
        Assert.Equal(("/ready", "8080", 5, 5), Probe(Node.ReadinessProbe));
        // A partition must not trigger restarts.
        Assert.True(Node.LivenessProbe.FailureThreshold * Node.LivenessProbe.PeriodSeconds >= 300);

        static (string, string, int?, int?) Probe(V1Probe probe) => (probe.HttpGet.Path, probe.HttpGet.Port.ToString()!, probe.InitialDelaySeconds, probe.PeriodSeconds);
    }

    [Fact]
    public void Each_node_has_the_contracts_ports_and_is_told_them()
    {
        Assert.Equal([("mesh", 8443), ("http", 8080), ("metrics", 9090)], Node.Ports.Select(port => (port.Name, port.ContainerPort)));
        var settings = Node.Env.ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal);
        Assert.Equal(("0.0.0.0:8443", "8080", "9090", "/var/log/meshara"), (settings["Mesh__Listen"], settings["Api__Port"], settings["Metrics__Port"], settings["MESHARA_LOG_DIR"]));
        Assert.Contains(Node.VolumeMounts, mount => mount.MountPath == settings["MESHARA_LOG_DIR"]);
        Assert.Contains(Node.VolumeMounts, mount => settings["Node__DataDirectory"]!.StartsWith(mount.MountPath + "/", StringComparison.Ordinal) && mount.Name == "data");
        Assert.Equal(ContainerImage.Node, Node.Image);
        Assert.Equal(Containers.NodeImage.User, Base.Find<V1StatefulSet>("node").Spec.Template.Spec.SecurityContext.RunAsUser);
    }

    [Fact]
    public void Each_node_keeps_its_volume_and_they_avoid_each_others_machines()
    {
        var set = Base.Find<V1StatefulSet>("node");
        Assert.Equal("data", Assert.Single(set.Spec.VolumeClaimTemplates).Metadata.Name);
        Assert.Equal(("Retain", "Retain"), (set.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted, set.Spec.PersistentVolumeClaimRetentionPolicy.WhenScaled));
        Assert.Equal(set.Spec.Selector.MatchLabels, Assert.Single(set.Spec.Template.Spec.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution).PodAffinityTerm.LabelSelector.MatchLabels);
        Assert.Equal("1", Base.Find<V1PodDisruptionBudget>("node").Spec.MaxUnavailable.ToString());
    }

    [Fact]
    public void The_copying_pod_holds_the_volume_of_a_node_and_has_its_user()
    {
        var pod = Assert.Single(Manifests.Parse(File.ReadAllText(Path.Combine(AlertFiles.Root, "deploy", "kubernetes", "backup.yaml"))).All<V1Pod>()).Spec;
        var set = Base.Find<V1StatefulSet>("node");
        Assert.Equal($"{set.Spec.VolumeClaimTemplates[0].Metadata.Name}-{set.Metadata.Name}-N", Assert.Single(pod.Volumes).PersistentVolumeClaim.ClaimName);
        Assert.Equal(set.Spec.Template.Spec.SecurityContext.RunAsUser, pod.SecurityContext.RunAsUser);
    }

    [Fact]
    public void Nodes_are_scraped_as_by_a_Prometheus_of_ones_own()
    {
        var prometheus = YamlFile.Read("alerts/prometheus.yml")["global"]!;
        var endpoint = Assert.Single(Assert.Single(Base.All<OperatorTypes.ServiceMonitor>()).Spec.Endpoints);
        Assert.Equal((prometheus["scrape_interval"]!.GetValue<string>(), prometheus["scrape_timeout"]!.GetValue<string>()), (endpoint.Interval, endpoint.ScrapeTimeout));
        Assert.Equal(["job meshara", "node __meta_kubernetes_pod_name", "cluster __meta_kubernetes_namespace"],
            endpoint.Relabelings!.Select(one => $"{one.TargetLabel} {one.Replacement ?? Assert.Single(one.SourceLabels!)}"));
    }

    [Fact]
    public void The_rules_are_those_of_alerts()
    {
        var written = Base.All<OperatorTypes.PrometheusRule>().Single(one => one.Metadata.Name == "meshara").Spec.Groups;
        var expected = ((string[])["mesh", "members", "slo"]).SelectMany(file => AlertFiles.Read<RuleFile>(Path.Combine(AlertFiles.Alerts, "rules", file + ".yml")).Groups).ToList();
        Assert.Equal(expected.Select(group => $"{group.Name} {group.Interval}"), written.Select(group => $"{group.Name} {group.Interval}"));
        Assert.Equal(expected.SelectMany(group => group.Rules).Select(Line), written.SelectMany(group => group.Rules).Select(rule => Line(
            new Alerts.Rule { Record = rule.Record, Alert = rule.Alert, Expr = rule.Expr, For = rule.For, KeepFiringFor = rule.KeepFiringFor, Labels = rule.Labels ?? [], Annotations = rule.Annotations ?? [] })));
        // Each file has its place here; rules.sh names the omitted ones, with the reason.
        Assert.Equal(["members", "mesh", "retired", "slo", "stack"], AlertFiles.RuleFilePaths().Select(Path.GetFileNameWithoutExtension));

        static string Line(Alerts.Rule rule) => string.Join('|', (string?[])[rule.Record, rule.Alert, rule.Expr, rule.For, rule.KeepFiringFor, Pairs(rule.Labels), Pairs(rule.Annotations)]);
        static string Pairs(Dictionary<string, string> map) => string.Join(',', map.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Key}={one.Value}")));
    }

    [Fact]
    public async Task The_rules_are_what_the_script_makes()
    {
        using var folder = new TemporaryFolder();
        var kubernetes = Path.Combine(AlertFiles.Root, "deploy", "kubernetes");
        foreach (var path in (string[])["alerts/rules", "deploy/kubernetes/base"])
            Directory.CreateDirectory(Path.Combine(folder.Path, path));
        foreach (var path in AlertFiles.RuleFilePaths())
            File.Copy(path, Path.Combine(folder.Path, "alerts/rules", Path.GetFileName(path)));
        File.Copy(Path.Combine(kubernetes, "rules.sh"), Path.Combine(folder.Path, "deploy/kubernetes/rules.sh"));

        var run = await ExternalTool.RunOrSkipAsync("bash", "bash", Path.Combine(folder.Path, "deploy/kubernetes/rules.sh"));
        Assert.True(run.ExitCode == 0, run.Output);
        var made = await File.ReadAllTextAsync(Path.Combine(folder.Path, "deploy/kubernetes/base/rules.yaml"), TestContext.Current.CancellationToken);
        Assert.True(made == await File.ReadAllTextAsync(Path.Combine(kubernetes, "base", "rules.yaml"), TestContext.Current.CancellationToken),
            "deploy/kubernetes/base/rules.yaml is not current: run deploy/kubernetes/rules.sh.");
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.GetFiles(Path.Combine(AlertFiles.Root, "deploy", "kubernetes", folder), "*.yaml").Where(path => Path.GetFileName(path) != "kustomization.yaml").Order(StringComparer.Ordinal);

    private static List<string> Kustomizations() =>
    [
        .. Directory.GetFiles(Path.Combine(AlertFiles.Root, "deploy", "kubernetes"), "kustomization.yaml", SearchOption.AllDirectories),
        .. ((string[])["alerts", "logging", "tracing", "dashboards"]).Select(folder => Path.Combine(AlertFiles.Root, folder, "kustomization.yaml")).Where(File.Exists),
    ];
}
