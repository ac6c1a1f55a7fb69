using Meshara.AppHost.Plan;
using Meshara.Node.Delivery;
using Meshara.ServiceDefaults.Logging;
using Meshara.Tests.Alerts;
using k8s.Models;

namespace Meshara.Tests.Deploy;

/// <summary>The output of kustomize for deploy/kubernetes/ and of Helm for deploy/helm/: valid objects with valid references.</summary>
public sealed class KubernetesTests
{
    private static readonly Dictionary<string, string> Node = new() { ["app.kubernetes.io/name"] = "meshara", ["app.kubernetes.io/component"] = "node" };

    public static TheoryData<string> Folders => [.. OverlayFolders, "logs-setup", "monitoring"];

    public static TheoryData<string> Overlays => [.. OverlayFolders];

    private static IEnumerable<string> OverlayFolders => Directory
        .GetDirectories(Path.Combine(AlertFiles.Root, "deploy", "kubernetes", "overlays"))
        .Select(folder => $"overlays/{Path.GetFileName(folder)}").Order(StringComparer.Ordinal)
        .Concat(Chart.Values.Select(values => $"helm/{values}"));

    [Theory]
    [MemberData(nameof(Folders))]
    public async Task Every_object_that_is_referred_to_is_there(string folder)
    {
        var built = await Manifests.BuildAsync(folder);
        var maps = built.All<V1ConfigMap>().ToDictionary(map => map.Metadata.Name, StringComparer.Ordinal);
        var guide = await File.ReadAllTextAsync(Path.Combine(AlertFiles.Root, "docs", "deploy.md"), TestContext.Current.CancellationToken);
        Assert.NotEmpty(built.Pods);
        foreach (var pod in built.Pods.Values)
        {
            Assert.All(pod.Spec.Volumes.Where(volume => volume.ConfigMap is not null), volume =>
                Assert.All(volume.ConfigMap.Items ?? [], item => Assert.Contains(item.Key, maps[volume.ConfigMap.Name].Data)));
            Assert.All(ConfigMaps(pod), name => Assert.Contains(name, maps.Keys));
            // Only the operator creates secrets: the guide explains how to create each.
            Assert.All(Secrets(pod), name => Assert.Contains($"create secret generic {name} ", guide, StringComparison.Ordinal));
            if (pod.Spec.ServiceAccountName is { } account)
                built.Find<V1ServiceAccount>(account);
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public async Task Every_mount_has_its_volume_and_every_volume_its_mount(string folder)
    {
        var built = await Manifests.BuildAsync(folder);
        Assert.All(built.Pods, pod =>
        {
            var claims = built.All<V1StatefulSet>().Where(set => set.Metadata.Name == pod.Key).SelectMany(set => set.Spec.VolumeClaimTemplates).Select(claim => claim.Metadata.Name);
            Assert.Equal(
                pod.Value.Spec.Volumes.Select(volume => volume.Name).Concat(claims).Order(StringComparer.Ordinal),
                Manifests.Containers(pod.Value).SelectMany(container => container.VolumeMounts).Select(mount => mount.Name).Distinct().Order(StringComparer.Ordinal));
        });
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public async Task Every_image_is_one_of_the_stacks(string folder)
    {
        var images = (await Manifests.BuildAsync(folder)).Pods.Values.SelectMany(Manifests.Containers).Select(container => container.Image).ToList();
        var known = ContainerImage.All.Select(image => image.ToString()).ToHashSet(StringComparer.Ordinal);
        Assert.NotEmpty(images);
        Assert.All(images, image => Assert.True(known.Contains(image) || image.Split('/')[^1] == ContainerImage.Node, image));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public async Task Every_pod_is_restricted(string folder) => Assert.All((await Manifests.BuildAsync(folder)).Pods.Values, pod =>
    {
        // https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a read-only file system.
        Assert.True(pod.Spec.SecurityContext.RunAsNonRoot);
        Assert.True(pod.Spec.SecurityContext.RunAsUser > 0);
        Assert.Equal("RuntimeDefault", pod.Spec.SecurityContext.SeccompProfile.Type);
        Assert.False(pod.Spec.AutomountServiceAccountToken);
        Assert.False(pod.Spec.HostNetwork ?? pod.Spec.HostPID ?? pod.Spec.HostIPC ?? false);
        Assert.All(pod.Spec.Volumes, volume => Assert.True(volume.ConfigMap is not null || volume.Secret is not null || volume.EmptyDir?.SizeLimit is not null, volume.Name));
        Assert.All(Manifests.Containers(pod), container =>
        {
            Assert.Equal((false, true), (container.SecurityContext.AllowPrivilegeEscalation, container.SecurityContext.ReadOnlyRootFilesystem));
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities.Drop);
            Assert.Null(container.SecurityContext.Capabilities.Add);
            Assert.True(container.Resources.Limits.ContainsKey("memory"));
        });
    });

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Services_policies_and_budgets_mean_pods_and_ports_that_are_there(string folder)
    {
        var built = await Manifests.BuildAsync(folder);
        Assert.All(built.All<V1Service>(), service => HasPorts(built.Selected(service.Spec.Selector), service.Spec.Ports.Select(port => port.TargetPort)));
        Assert.All(built.All<V1PodDisruptionBudget>(), budget => Assert.NotEmpty(built.Selected(budget.Spec.Selector.MatchLabels)));
        Assert.All(built.All<V1NetworkPolicy>(), policy =>
        {
            var pods = built.Selected(policy.Spec.PodSelector.MatchLabels);
            HasPorts(pods, (policy.Spec.Ingress ?? []).SelectMany(rule => rule.Ports).Select(port => port.Port));
            // For external services, Elasticsearch and DNS, only the port is known.
            Assert.All(policy.Spec.Egress?.Where(rule => rule.To is not null) ?? [], rule =>
                HasPorts(built.Selected(rule.To.Single().PodSelector.MatchLabels), rule.Ports.Select(port => port.Port)));
        });
        // Every pod that serves has an ingress policy.
        var serving = built.Pods.Values.Where(pod => Manifests.Containers(pod).Any(container => container.Ports.Any()));
        Assert.All(serving, pod => Assert.Contains(built.All<V1NetworkPolicy>(), policy =>
            policy.Spec.PolicyTypes.Contains("Ingress") && built.Selected(policy.Spec.PodSelector.MatchLabels).Contains(pod)));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Prometheus_finds_every_service_that_is_monitored(string folder)
    {
        var built = await Manifests.BuildAsync(folder);
        Assert.NotEmpty(built.All<OperatorTypes.ServiceMonitor>());
        Assert.All(built.All<OperatorTypes.ServiceMonitor>(), monitor =>
        {
            var service = Assert.Single(built.All<V1Service>(), service =>
                monitor.Spec.Selector.MatchLabels.All(label => service.Metadata.Labels?.TryGetValue(label.Key, out var value) == true && value == label.Value));
            Assert.Subset(service.Spec.Ports.Select(port => port.Name).ToHashSet(), monitor.Spec.Endpoints.Select(endpoint => endpoint.Port).ToHashSet());
        });
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task A_node_calls_others_by_names_and_ports_that_are_there(string folder)
    {
        var built = await Manifests.BuildAsync(folder);
        var set = built.Find<V1StatefulSet>("node");
        var names = Enumerable.Range(set.Spec.Ordinals.Start ?? 0, set.Spec.Replicas ?? 1).Select(ordinal => $"node-{ordinal}").ToList();
        var addresses = names.Select(name => $"tcp://{name}.{set.Spec.ServiceName}:8443").ToHashSet(StringComparer.Ordinal);
        Assert.Equal("None", built.Find<V1Service>(set.Spec.ServiceName).Spec.ClusterIP);

        var settings = Assert.Single(set.Spec.Template.Spec.Containers).Env.ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal);
        var bootstrap = settings["Mesh__Bootstrap"].Split(',').Select(uri => new Uri(uri).Host).ToList();
        Assert.Equal(["node-1", "node-2"], bootstrap);
        Assert.All(bootstrap, name => Assert.Contains(settings[$"services__{name}__{Harness.Stack.MeshEndpoint}__0"], addresses));
        Assert.Equal($"$(Node__Name).{set.Spec.ServiceName}:8443", settings["Mesh__Advertise"]);

        var collector = new Uri(settings["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]);
        Assert.Contains(collector.Port, built.Find<V1Service>(collector.Host).Spec.Ports.Select(port => port.Port));
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Every_setting_of_a_node_is_one_that_it_knows(string folder)
    {
        var node = Assert.Single((await Manifests.BuildAsync(folder)).Find<V1StatefulSet>("node").Spec.Template.Spec.Containers);
        Assert.All(node.Env, setting => Assert.True(NodeSettingNames.IsKnown(setting.Name), setting.Name));
        Assert.Equal(node.Env.Count, node.Env.Select(setting => setting.Name).Distinct().Count());
    }

    [Fact]
    public async Task Grafana_finds_every_dashboard()
    {
        var maps = (await Manifests.BuildAsync("overlays/local")).All<V1ConfigMap>()
            .Where(map => map.Metadata.Labels?.TryGetValue("grafana_dashboard", out var mark) == true && mark == "1").ToList();
        var dashboards = Directory.GetFiles(Path.Combine(AlertFiles.Root, "dashboards"), "*.json");
        Assert.NotEmpty(dashboards);
        Assert.Equal(dashboards.Select(Path.GetFileName).Order(StringComparer.Ordinal), maps.SelectMany(map => map.Data.Keys).Order(StringComparer.Ordinal));
        Assert.All(maps, map => Assert.Equal("Meshara", map.Metadata.Annotations["grafana_folder"]));
        Assert.All(dashboards, path => Assert.Contains(maps, map => map.Data.TryGetValue(Path.GetFileName(path), out var text) && text == File.ReadAllText(path)));
    }

    [Fact]
    public async Task The_charts_settings_fit_what_it_is_to_find()
    {
        var built = await Manifests.BuildAsync("overlays/local");
        var grafana = YamlFile.Read("deploy/kubernetes/monitoring.yaml")["grafana"]!;
        var annotation = grafana["sidecar"]!["dashboards"]!["folderAnnotation"]!.GetValue<string>();
        Assert.Contains(built.All<V1ConfigMap>(), map => map.Metadata.Annotations?.ContainsKey(annotation) == true);
        Assert.Contains(built.All<V1ConfigMap>(), map => map.Metadata.Labels?.ContainsKey("grafana_datasource") == true);
        Assert.Equal("ALL", grafana["sidecar"]!["datasources"]!["searchNamespace"]!.GetValue<string>());
        // The chart's own data sources have the same uids, and lead nowhere.
        Assert.False(grafana["sidecar"]!["datasources"]!["defaultDatasourceEnabled"]!.GetValue<bool>());
        Assert.False(grafana["sidecar"]!["datasources"]!["alertmanager"]!["enabled"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Grafana_has_the_data_sources_of_everywhere_and_reaches_each()
    {
        var mesh = await Manifests.BuildAsync("overlays/production");
        var beside = await Manifests.BuildAsync("monitoring");
        var provisioning = await File.ReadAllTextAsync(Path.Combine(AlertFiles.Root, "dashboards/provisioning/datasources/meshara.yml"), TestContext.Current.CancellationToken);
        Assert.Equal(provisioning, Assert.Single(mesh.Find<V1ConfigMap>("datasources-meshara").Data).Value);
        Assert.All(Dashboards.DashboardFiles.DataSources.Values, source =>
        {
            var url = new Uri(source.Url);
            var service = beside.Find<V1Service>(url.Host);
            Assert.Contains(url.Port, service.Spec.Ports.Select(port => port.Port));
            // Elasticsearch is external; its service has the name under which the mesh knows it.
            if (service.Spec.ExternalName is { } name && source.Type != "elasticsearch")
                Assert.Contains(url.Port, mesh.Find<V1Service>(name.Split('.')[0]).Spec.Ports.Select(port => port.Port));
        });
    }

    [Fact]
    public async Task Alertmanager_gets_the_files_of_alerts_and_its_secrets_where_it_looks_for_them()
    {
        var secret = (await Manifests.BuildAsync("monitoring")).Find<V1Secret>("alertmanager-meshara");
        var templates = Directory.GetFiles(Path.Combine(AlertFiles.Alerts, "templates")).Select(Path.GetFileName).OfType<string>();
        foreach (var (key, file) in templates.Select(name => (name, $"templates/{name}")).Append(("alertmanager.yaml", "alertmanager.yml")))
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(AlertFiles.Alerts, file), TestContext.Current.CancellationToken), secret.Data[key]);

        var spec = YamlFile.Read("deploy/kubernetes/monitoring.yaml")["alertmanager"]!["alertmanagerSpec"]!;
        Assert.Equal((true, "alertmanager-meshara"), (spec["useExistingSecret"]!.GetValue<bool>(), spec["configSecret"]!.GetValue<string>()));
        // The operator mounts the secret's other keys into /etc/alertmanager/config and writes the configuration to
        // /etc/alertmanager/config_out.
        Assert.Contains("../config/*.tmpl", YamlFile.Read("alerts/alertmanager.yml")["templates"]!.AsArray().Select(glob => glob!.GetValue<string>()));
        // The image's working directory is /alertmanager.
        var mount = Assert.Single(spec["volumeMounts"]!.AsArray())!;
        Assert.Equal("/alertmanager/secrets", mount["mountPath"]!.GetValue<string>());
        var volume = Assert.Single(spec["volumes"]!.AsArray(), volume => volume!["name"]!.GetValue<string>() == mount["name"]!.GetValue<string>())!;
        var guide = await File.ReadAllTextAsync(Path.Combine(AlertFiles.Root, "docs", "deploy.md"), TestContext.Current.CancellationToken);
        Assert.Contains(
            $"create secret generic {volume["secret"]!["secretName"]} --from-literal=pagerduty_routing_key=… --from-literal=smtp_password=…",
            guide, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_in_notifications_begin_with_an_address_for_people()
    {
        var values = YamlFile.Read("deploy/kubernetes/monitoring.yaml");
        Assert.Equal(
            ["http://127.0.0.1:9090", "http://127.0.0.1:9093"],
            new[] { values["prometheus"]!["prometheusSpec"]!, values["alertmanager"]!["alertmanagerSpec"]! }.Select(spec => spec["externalUrl"]!.GetValue<string>()));
    }

    [Fact]
    public async Task In_production_no_machine_has_two_nodes_and_no_key_is_in_clear()
    {
        var set = (await Manifests.BuildAsync("overlays/production")).Find<V1StatefulSet>("node");
        var affinity = set.Spec.Template.Spec.Affinity.PodAntiAffinity;
        var term = Assert.Single(affinity.RequiredDuringSchedulingIgnoredDuringExecution);
        Assert.Equal("kubernetes.io/hostname", term.TopologyKey);
        Assert.Equal(Node, term.LabelSelector.MatchLabels);
        Assert.Empty(affinity.PreferredDuringSchedulingIgnoredDuringExecution);
        Assert.Contains(set.Spec.Template.Spec.Containers[0].Env, one => one.Name == "Node__PassphraseFile");
    }

    [Fact]
    public async Task In_production_a_node_without_peers_goes_on_and_one_that_stops_serves_until_nobody_is_sent_to_it()
    {
        var set = (await Manifests.BuildAsync("overlays/production")).Find<V1StatefulSet>("node");
        var pod = set.Spec.Template.Spec;
        var node = Assert.Single(pod.Containers);
        V1Probe[] probes = [node.StartupProbe, node.LivenessProbe, node.ReadinessProbe];
        Assert.Equal(["/live", "/live", "/ready"], probes.Select(probe => probe.HttpGet.Path));
        // With a large database, startup checks take a while before the API answers.
        Assert.True(node.StartupProbe.PeriodSeconds * node.StartupProbe.FailureThreshold >= 300);
        Assert.Null(node.LivenessProbe.InitialDelaySeconds);
        var pause = node.Lifecycle.PreStop.Sleep.Seconds;
        Assert.InRange(pause, 5, 15);
        // The preStop pause counts towards the termination grace period.
        Assert.True(pause + new DeliveryOptions().DrainTimeout.TotalSeconds + 10 < pod.TerminationGracePeriodSeconds);
        Assert.Equal(["ReadWriteOncePod"], Assert.Single(set.Spec.VolumeClaimTemplates).Spec.AccessModes);
    }

    [Theory]
    [MemberData(nameof(Overlays))]
    public async Task Log_files_fit_on_their_volume_and_alerts_on_memory_come_before_the_limit(string folder)
    {
        var pod = (await Manifests.BuildAsync(folder)).Find<V1StatefulSet>("node").Spec.Template.Spec;
        var logs = new LogOutputOptions();
        // A line may exceed its file's limit, and Filebeat keeps a deleted file open until it has read it.
        var size = pod.Volumes.Single(volume => volume.Name == "logs").EmptyDir.SizeLimit.ToInt64();
        Assert.True(size >= (logs.MaxFiles + 1) * logs.MaxFileBytes);
        var limit = Assert.Single(pod.Containers).Resources.Limits["memory"].ToInt64();
        Assert.True(limit * 0.9 > 1_000_000_000, "MemoryExhaustion (1 GB) comes before MemoryNearLimit (90 %).");
    }

    [Fact]
    public async Task Everything_that_reaches_Elasticsearch_has_its_address_authority_port_and_a_user_of_its_own()
    {
        var example = await Manifests.BuildAsync("overlays/example");
        var setup = (await Manifests.BuildAsync("logs-setup")).Pods.Single().Value;
        var settings = example.All<V1ConfigMap>().Single(map => IsForElasticsearch(map.Metadata.Name)).Data;
        var programs = example.Pods.Values.Append(setup).SelectMany(Manifests.Containers, (pod, container) => (pod, container))
            .Where(one => (one.container.EnvFrom ?? []).Any(source => IsForElasticsearch(source.ConfigMapRef?.Name))).ToList();
        Assert.Equal(["elasticsearch-exporter", "filebeat", "indices", "jaeger", "setup"], programs.Select(one => one.container.Name).Order(StringComparer.Ordinal));
        Assert.All(programs, one =>
        {
            var authority = Assert.Single(one.pod.Spec.Volumes, volume => volume.Secret?.SecretName == "elasticsearch-ca");
            // Without the secret, the system's authorities are trusted.
            Assert.True(authority.Secret.Optional);
            var mount = Assert.Single(one.container.VolumeMounts, mount => mount.Name == authority.Name);
            Assert.Equal(settings["SSL_CERT_FILE"], $"{mount.MountPath}/ca.crt");
        });
        var users = example.Pods.Values.SelectMany(Secrets).Where(name => IsForElasticsearch(name) && name != "elasticsearch-ca");
        Assert.Equal(["elasticsearch-exporter", "elasticsearch-filebeat", "elasticsearch-jaeger"], users.Distinct().Order(StringComparer.Ordinal));

        var port = new Uri(settings["ELASTICSEARCH_URL"]).Port;
        var opened = example.Find<V1NetworkPolicy>("node-logs").Spec.Egress.SelectMany(rule => rule.Ports);
        Assert.Contains(opened, one => one.Port == $"{port}");

        static bool IsForElasticsearch(string? name) => name?.StartsWith("elasticsearch-", StringComparison.Ordinal) == true;
    }

    [Fact]
    public async Task Jaegers_indices_are_made_with_the_policy_that_deletes_them()
    {
        var job = (await Manifests.BuildAsync("logs-setup")).Pods.Single().Value;
        var indices = Assert.Single(job.Spec.Containers).Env.ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal);
        var policy = indices["ES_ILM_POLICY_NAME"];
        var store = YamlFile.Read("tracing/rollover.yaml")["extensions"]!["jaeger_storage"]!["backends"]!["traces"]!["elasticsearch"]!;
        foreach (var kind in (string[])["spans", "services"])
            Assert.Equal(policy, store["indices"]![kind]!["rotation"]!["auto_rollover"]!["policy_name"]!.GetValue<string>());
        Assert.False(store["create_mappings"]!.GetValue<bool>());
        Assert.Equal(("true", "true"), (indices["ES_USE_ILM"], indices["ES_TLS_ENABLED"]));
        // The preceding step has loaded the policy.
        var setup = await File.ReadAllTextAsync(Path.Combine(AlertFiles.Root, "logging/setup.sh"), TestContext.Current.CancellationToken);
        Assert.Contains($"_ilm/policy/{policy} ", setup, StringComparison.Ordinal);
        Assert.Equal("setup", Assert.Single(job.Spec.InitContainers).Name);
    }

    private static void HasPorts(IReadOnlyList<V1PodTemplateSpec> pods, IEnumerable<IntOrString> ports)
    {
        Assert.NotEmpty(pods);
        var known = pods.SelectMany(pod => pod.Spec.Containers).SelectMany(container => container.Ports)
            .SelectMany(port => (string[])[port.Name, $"{port.ContainerPort}"]).ToHashSet(StringComparer.Ordinal);
        Assert.Subset(known, ports.Select(port => port.ToString()!).ToHashSet(StringComparer.Ordinal));
    }

    private static IEnumerable<string> ConfigMaps(V1PodTemplateSpec pod) => pod.Spec.Volumes.Select(volume => volume.ConfigMap?.Name)
        .Concat(Manifests.Containers(pod).SelectMany(container => container.EnvFrom ?? []).Select(source => source.ConfigMapRef?.Name))
        .Concat(Manifests.Containers(pod).SelectMany(container => container.Env ?? []).Select(one => one.ValueFrom?.ConfigMapKeyRef?.Name)).OfType<string>();

    private static IEnumerable<string> Secrets(V1PodTemplateSpec pod) => pod.Spec.Volumes.Select(volume => volume.Secret?.SecretName)
        .Concat(Manifests.Containers(pod).SelectMany(container => container.EnvFrom ?? []).Select(source => source.SecretRef?.Name))
        .Concat(Manifests.Containers(pod).SelectMany(container => container.Env ?? []).Select(one => one.ValueFrom?.SecretKeyRef?.Name)).OfType<string>();
}
