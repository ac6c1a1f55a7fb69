using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using k8s;
using k8s.Models;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Deploy;

/// <summary>
/// Kubernetes objects, each read into its API type. A field unknown to the type is an error, as it is for a strict API server.
/// </summary>
internal sealed class Manifests
{
    private static readonly JsonSerializerOptions Strict = new() { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    private static readonly Dictionary<string, Type> Types = new(StringComparer.Ordinal)
    {
        ["v1 ConfigMap"] = typeof(V1ConfigMap),
        ["v1 Pod"] = typeof(V1Pod),
        ["v1 Namespace"] = typeof(V1Namespace),
        ["v1 Secret"] = typeof(V1Secret),
        ["v1 Service"] = typeof(V1Service),
        ["v1 ServiceAccount"] = typeof(V1ServiceAccount),
        ["apps/v1 Deployment"] = typeof(V1Deployment),
        ["apps/v1 StatefulSet"] = typeof(V1StatefulSet),
        ["batch/v1 Job"] = typeof(V1Job),
        ["batch/v1 CronJob"] = typeof(V1CronJob),
        ["networking.k8s.io/v1 NetworkPolicy"] = typeof(V1NetworkPolicy),
        ["policy/v1 PodDisruptionBudget"] = typeof(V1PodDisruptionBudget),
        ["monitoring.coreos.com/v1 ServiceMonitor"] = typeof(OperatorTypes.ServiceMonitor),
        ["monitoring.coreos.com/v1 PrometheusRule"] = typeof(OperatorTypes.PrometheusRule),
    };

    private readonly IReadOnlyList<object> _objects;

    private Manifests(IReadOnlyList<object> objects) => _objects = objects;

    /// <summary>All pod templates, by the name of their owner.</summary>
    public IReadOnlyDictionary<string, V1PodTemplateSpec> Pods => All<V1StatefulSet>().Select(one => (one.Metadata.Name, one.Spec.Template))
        .Concat(All<V1Deployment>().Select(one => (one.Metadata.Name, one.Spec.Template)))
        .Concat(All<V1Job>().Select(one => (one.Metadata.Name, one.Spec.Template)))
        .Concat(All<V1CronJob>().Select(one => (one.Metadata.Name, one.Spec.JobTemplate.Spec.Template)))
        .ToDictionary(pod => pod.Name, pod => WithLists(pod.Template), StringComparer.Ordinal);

    public static Manifests Parse(string yaml) => new([.. YamlFile.Parse(yaml).Select(Object)]);

    /// <summary>
    /// The output of a folder of deploy/kubernetes/, or of the chart of deploy/helm/ with values, such as <c>helm/example</c>.
    /// Skips the test if the required tool is not installed.
    /// </summary>
    public static async Task<Manifests> BuildAsync(string folder) =>
        Parse(folder.StartsWith("helm/", StringComparison.Ordinal) ? await Chart.RenderAsync(folder["helm/".Length..]) : await KustomizeAsync(folder));

    /// <summary>The output of kustomize for a folder of deploy/kubernetes/, as text.</summary>
    public static async Task<string> KustomizeAsync(string folder)
    {
        var path = Path.Combine("deploy", "kubernetes", folder);
        var built = ExternalTool.IsInstalled("kustomize")
            ? await ExternalTool.RunOrSkipAsync("kustomize", "kustomize", "build", path)
            : await ExternalTool.RunOrSkipAsync("kubectl", "kubectl", "kustomize", path);
        Assert.True(built.ExitCode == 0, built.Output);
        return built.Answer;
    }

    public IEnumerable<T> All<T>() => _objects.OfType<T>();

    public T Find<T>(string name)
        where T : IKubernetesObject<V1ObjectMeta> => Assert.Single(All<T>(), one => one.Metadata.Name == name);

    /// <summary>The pods that match a selector, by name. A StatefulSet labels each of its pods with the pod's name.</summary>
    public IReadOnlyList<V1PodTemplateSpec> Selected(IDictionary<string, string> labels)
    {
        Assert.NotEmpty(labels);
        if (labels.TryGetValue("statefulset.kubernetes.io/pod-name", out var pod))
        {
            var set = Assert.Single(All<V1StatefulSet>(), set => Enumerable.Range(set.Spec.Ordinals?.Start ?? 0, set.Spec.Replicas ?? 1)
                .Any(ordinal => pod == $"{set.Metadata.Name}-{ordinal}"));
            return [WithLists(set.Spec.Template)];
        }
        return [.. Pods.Values.Where(pod => labels.All(label => pod.Metadata?.Labels?.TryGetValue(label.Key, out var value) == true && value == label.Value))];
    }

    /// <summary>All containers of a pod, including init containers.</summary>
    public static IEnumerable<V1Container> Containers(V1PodTemplateSpec pod) => [.. pod.Spec.InitContainers ?? [], .. pod.Spec.Containers];

    // Replaces lists that a manifest omits with empty ones.
    private static V1PodTemplateSpec WithLists(V1PodTemplateSpec pod)
    {
        pod.Spec.Volumes ??= [];
        foreach (var container in Containers(pod))
            (container.VolumeMounts, container.Ports) = (container.VolumeMounts ?? [], container.Ports ?? []);
        return pod;
    }

    private static object Object(JsonObject document)
    {
        var kind = $"{document["apiVersion"]} {document["kind"]}";
        Assert.True(Types.TryGetValue(kind, out var type), $"{kind} is not a kind that this test knows.");
        return document.Deserialize(type, Strict)!;
    }
}
