using System.Text.Json.Nodes;
using Meshara.Tests.Deploy;

namespace Meshara.Tests.Alerts.Runbooks;

/// <summary>
/// The names used in deploy/: in the compose file, and in every manifest below deploy/kubernetes/ as written, so that no tool is needed.
/// </summary>
internal sealed class Deployment
{
    private const string Mesh = "meshara";

    private readonly JsonObject _compose = YamlFile.Read("deploy/compose/docker-compose.yaml");
    private readonly string _guide = File.ReadAllText(Path.Combine(AlertFiles.Root, "docs", "deploy.md"));
    private readonly List<Manifest> _manifests = [.. Files().SelectMany(Read)];
    private readonly string _texts = string.Concat(Files().Select(File.ReadAllText));
    private readonly JsonNode _nodes;

    private Deployment() => _nodes = Of("StatefulSet").Select(one => one.Json).First(one => one["spec"]?["ordinals"] is not null);

    public static Deployment Current { get; } = new();

    /// <summary>The namespaces of the kustomizations.</summary>
    public IReadOnlyList<string> Namespaces => [.. _manifests.Select(one => one.Space).Distinct()];

    /// <summary>The name of the compose project.</summary>
    public string Project => Text(_compose["name"]);

    /// <summary>The compose services, with their images.</summary>
    public IReadOnlyDictionary<string, string> Services =>
        _compose["services"]!.AsObject().ToDictionary(one => one.Key, one => Text(one.Value!["image"]), StringComparer.Ordinal);

    /// <summary>The compose volumes, by their names in the engine.</summary>
    public IEnumerable<string> Volumes => _compose["volumes"]!.AsObject().Select(one => $"{Project}_{one.Key}");

    /// <summary>The program that each compose service runs in its container as a health check.</summary>
    public IEnumerable<(string Service, string Program)> HealthChecks =>
        from one in _compose["services"]!.AsObject()
        let test = one.Value!["healthcheck"]?["test"]?.AsArray()
        where test is not null
        select (one.Key, Text(test[0]) == "CMD" ? Text(test[1]) : ShellCommand.Parse(Text(test[1]))[0].Program);

    /// <summary>Images in Kubernetes that contain tools.</summary>
    public IEnumerable<string> ToolImages => Of("Pod").SelectMany(pod => Containers(pod.Json)).Select(container => Text(container["image"]));

    /// <summary>Paths in containers that come from outside: mounts, volumes and configuration.</summary>
    public IReadOnlyList<string> Paths =>
    [
        .. _manifests.SelectMany(one => Containers(one.Json)).SelectMany(one => Items(one, "volumeMounts")).Select(one => Text(one["mountPath"])),
        .. _compose["services"]!.AsObject().SelectMany(one => Items(one.Value, "configs").Concat(Items(one.Value, "volumes")))
            .Select(one => Text(one["target"])),
    ];

    private IEnumerable<string> Pods
    {
        get
        {
            var first = _nodes["spec"]!["ordinals"]!["start"]!.GetValue<int>();
            var most = Of("Kustomization").SelectMany(one => Items(one.Json, "replicas")).Max(one => one["count"]!.GetValue<int>());
            return Enumerable.Range(first, most).Select(ordinal => $"{Text(_nodes["metadata"]!["name"])}-{ordinal}");
        }
    }

    /// <summary>The image of a container, or its name if the operator creates the pod and uses the same name for both.</summary>
    public string? ImageOf(string space, string container, string? labels)
    {
        var found = _manifests.Where(one => one.Space == space).SelectMany(one => Containers(one.Json))
            .FirstOrDefault(one => Text(one["name"]) == container && one["image"] is not null);
        var isOperators = space != Mesh && labels?.EndsWith($"={container}", StringComparison.Ordinal) == true;
        return found is not null ? Text(found["image"]) : isOperators ? container : null;
    }

    /// <summary>True if an object of this kind, as kubectl spells it, and name exists.</summary>
    public bool Has(string space, string kind, string name) => Plural(kind) switch
    {
        "pods" => space == Mesh && Pods.Contains(name),
        "persistentvolumeclaims" => space == Mesh && _nodes["spec"]!["volumeClaimTemplates"]!.AsArray()
            .Any(claim => Pods.Any(pod => name == $"{claim!["metadata"]!["name"]}-{pod}")),
        "secrets" => _guide.Contains($"-n {space} create secret generic {name} ", StringComparison.Ordinal),
        var plural => _manifests.Any(one => one.Space == space && Plural(one.Kind) == plural && one.Name == name)
            || (plural == "services" && _texts.Contains($"//{name}.{space}:", StringComparison.Ordinal)),
    };

    /// <summary>True if a manifest has this pod label, written as <c>key=value</c>.</summary>
    public bool HasLabel(string label) => _texts.Contains(label.Replace("=", ": ", StringComparison.Ordinal), StringComparison.Ordinal);

    /// <summary>True if something listens on a port of the named object.</summary>
    public bool HasPort(string space, string kind, string name, string port) => Plural(kind) == "pods"
        ? Containers(_nodes.AsObject()).SelectMany(one => Items(one, "ports")).Any(one => Text(one["containerPort"]) == port)
        : _texts.Contains($"//{name}.{space}:{port}", StringComparison.Ordinal)
            || Of("Service").Where(one => one.Name == name).SelectMany(one => Items(one.Json["spec"], "ports")).Any(one => Text(one["port"]) == port);

    private IEnumerable<Manifest> Of(string kind) => _manifests.Where(one => one.Kind == kind);

    private static IEnumerable<Manifest> Read(string path)
    {
        // Files next to a kustomization with a namespace are in that namespace.
        var kustomization = Path.Combine(Path.GetDirectoryName(path)!, "kustomization.yaml");
        var space = File.Exists(kustomization) ? Text(YamlFile.Parse(File.ReadAllText(kustomization)).Single()["namespace"]) : "";
        return YamlFile.Parse(File.ReadAllText(path)).Select(one => new Manifest(space.Length > 0 ? space : Mesh, one));
    }

    // Patches in the form of a list are not manifests.
    private static IEnumerable<string> Files() => Directory
        .GetFiles(Path.Combine(AlertFiles.Root, "deploy", "kubernetes"), "*.yaml", SearchOption.AllDirectories)
        .Where(path => !File.ReadLines(path).First(line => !line.StartsWith('#')).StartsWith("- ", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    private static IEnumerable<JsonNode> Containers(JsonObject manifest) => ((JsonNode?[])[manifest["spec"]?["template"]?["spec"], manifest["spec"]])
        .OfType<JsonObject>().SelectMany(spec => Items(spec, "initContainers").Concat(Items(spec, "containers")));

    private static IEnumerable<JsonNode> Items(JsonNode? parent, string name) => (parent?[name]?.AsArray() ?? []).OfType<JsonNode>();

    private static string Text(JsonNode? node) => node?.ToString() ?? "";

    private static string Plural(string kind) => kind.ToLowerInvariant() switch
    {
        "pvc" => "persistentvolumeclaims",
        var one when one.EndsWith("policy", StringComparison.Ordinal) => one[..^1] + "ies",
        var one => one.EndsWith('s') ? one : one + "s",
    };

    private sealed record Manifest(string Space, JsonObject Json)
    {
        public string Kind => Text(Json["kind"]);

        public string Name => Text(Json["metadata"]?["name"]);
    }
}
