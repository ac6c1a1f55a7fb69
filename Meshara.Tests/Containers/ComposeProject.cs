using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Docker.DotNet.Models;
using Meshara.Harness;
using Meshara.Tests.Alerts;
using YamlDotNet.RepresentationModel;
using TemporaryFolder = Meshara.Tests.Stack.TemporaryFolder;

namespace Meshara.Tests.Containers;

/// <summary>
/// A copy of <c>deploy/compose</c> as a separate project, with names that are unique on the machine. A second compose file has the
/// differences: free ports, faster health checks of nodes, and no services whose image is not available.
/// </summary>
internal sealed partial class ComposeProject : IAsyncDisposable
{
    private const string Override = "docker-compose.override.yaml", Settings = ".env";

    // More than any test scales to.
    private const int MostNodes = 9;

    private static readonly string Deployed = Path.Combine(AlertFiles.Root, "deploy", "compose");

    private readonly TemporaryFolder _folder = new();
    private readonly ContainerImages _images;
    private readonly PortLease _lease = Ports.Lease(MostNodes, Random.Shared);
    private readonly List<string> _missing = [];

    private ComposeProject(ContainerImages images) => _images = images;

    /// <summary>Its name, which labels everything it creates.</summary>
    public string Name { get; } = $"meshara-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    /// <summary>The services that run.</summary>
    public IReadOnlyList<Service> Services { get; private set; } = [];

    /// <summary>The bearer token of every node's API.</summary>
    public string Token { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>Prepares a project; skips the test if it is not available.</summary>
    public static async Task<ComposeProject> CreateAsync(ContainerImages images, string nodeImage)
    {
        if (!System.IO.File.Exists(Path.Combine(Deployed, "docker-compose.yaml")))
            images.Refuse(ImageChoice.Compose, "deploy/compose/docker-compose.yaml has not been exported.");
        if (!ExternalTool.IsInstalled("docker") || (await DockerAsync("compose", "version")).ExitCode != 0)
            images.Refuse(ImageChoice.Compose, "docker compose is not installed.");

        var project = new ComposeProject(images);
        foreach (var file in Directory.EnumerateFiles(Deployed, "*", SearchOption.AllDirectories))
        {
            var copy = project.File(Path.GetRelativePath(Deployed, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            System.IO.File.Copy(file, copy);
        }
        await project.ReadServicesAsync();
        project.WriteSettings();
        project.Set("MESHARA_NODE_IMAGE", nodeImage);
        return project;
    }

    /// <summary>The path of a file of the project.</summary>
    public string File(string name) => _folder.File(name);

    /// <summary>The address of a node's API on this machine.</summary>
    public Uri Api(int node) => new($"http://127.0.0.1:{_lease.Ports.Http + node}/");

    /// <summary>Sets a variable in the environment file.</summary>
    public void Set(string name, string value)
    {
        var lines = System.IO.File.ReadLines(File(Settings)).Where(line => !line.StartsWith($"{name}=", StringComparison.Ordinal));
        System.IO.File.WriteAllLines(File(Settings), [.. lines, $"{name}={value}"]);
    }

    /// <summary>Writes the file with the differences from the deployed one.</summary>
    /// <param name="nodes">Number of nodes; additional ones are like the last, as in an export with more nodes.</param>
    /// <param name="firstImage">A different image for node-1.</param>
    public void Differ(int nodes = 0, string? firstImage = null)
    {
        var text = new StringBuilder("services:\n");
        foreach (var service in Services)
        {
            text.Append($"  {service.Name}:\n");
            var needs = service.Needs.Where(need => !_missing.Contains(need.Key))
                .Select(need => $"{need.Key}: {{condition: {need.Value}}}").ToList();
            if (needs.Count < service.Needs.Count)
                text.Append($"    depends_on: !override {{{string.Join(", ", needs)}}}\n");
            var ports = service.Ports.Select(port => $"\"127.0.0.1:{HostPort(service)}:{port}\"").ToList();
            if (ports.Count > 0)
                text.Append($"    ports: !override [{string.Join(", ", ports)}]\n");
            if (service.Node is not null)
                text.Append("    healthcheck: {interval: 1s}\n");
            if (service.Node == 1 && firstImage is not null)
                text.Append($"    image: {firstImage}\n");
        }
        // A profile that is never activated.
        foreach (var name in _missing)
            text.Append($"  {name}: {{profiles: [missing]}}\n");
        var last = Services.Max(service => service.Node ?? 0);
        var further = Enumerable.Range(last + 1, Math.Max(nodes - last, 0)).ToList();
        foreach (var node in further)
        {
            text.Append($$"""
                  node-{{node}}:
                    extends: {file: docker-compose.yaml, service: node-{{last}}}
                    environment: {Node__Name: node-{{node}}, Mesh__Advertise: "node-{{node}}:8443"}
                    volumes: ["node-{{node}}-data:/home/app"]
                    ports: !override ["127.0.0.1:{{_lease.Ports.Http + node}}:8080"]
                    healthcheck: {interval: 1s}

                """);
        }
        text.Append(further.Count == 0 ? "" : $"volumes: {{{string.Join(", ", further.Select(node => $"node-{node}-data: "))}}}\n");
        System.IO.File.WriteAllText(File(Override), text.ToString());
    }

    /// <summary>Brings up the project in its current form, and waits until all long-running services are healthy.</summary>
    public async Task UpAsync(IEnumerable<string>? services = null)
    {
        // Waiting for a one-shot service would fail; those that depend on it start it.
        services ??= Services.Where(service => service.Stays).Select(service => service.Name);
        var result = await RunAsync(["up", "--detach", "--wait", "--wait-timeout", "150", "--pull", "never", .. services]);
        Assert.True(result.ExitCode == 0, $"{result.Output}\n{await LogsAsync()}");
    }

    /// <summary>Runs commands of the guide in the project's folder.</summary>
    public Task<ExternalTool> ShellAsync(string commands) =>
        ExternalTool.RunOrSkipAsync("sh", "dash", "-ec", $"cd \"$0\"; export COMPOSE_PROJECT_NAME=\"$1\"\n{commands}", _folder.Path, Name);

    /// <summary>Runs commands of the guide, which must succeed.</summary>
    public async Task<string> SucceedAsync(string commands)
    {
        var result = await ShellAsync(commands);
        Assert.True(result.ExitCode == 0, $"{commands}\n{result.Output}\n{await LogsAsync()}");
        return result.Output;
    }

    /// <summary>The container id of each service; it changes when the service is recreated.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ContainersAsync() =>
        (await _images.Engine.Containers.ListContainersAsync(new ContainersListParameters { All = true, Filters = Own() }, Test))
        .ToDictionary(container => container.Labels["com.docker.compose.service"], container => container.ID);

    /// <summary>The address of a service's port on this machine.</summary>
    public async Task<Uri> AddressAsync(string service, int port)
    {
        var result = await RunAsync("port", service, $"{port}");
        Assert.True(result.ExitCode == 0, result.Output);
        return new Uri($"http://{result.Output.Trim()}/");
    }

    /// <summary>The status and last log lines of the containers.</summary>
    public async Task<string> LogsAsync() =>
        $"{(await RunAsync("ps", "--all")).Output}\n{(await RunAsync("logs", "--no-color", "--tail", "20")).Output}";

    /// <summary>Takes everything down, including volumes, and asserts that nothing is left.</summary>
    public async ValueTask DisposeAsync()
    {
        var result = await RunAsync("down", "--volumes", "--remove-orphans", "--timeout", "20");
        _lease.Dispose();
        _folder.Dispose();
        Assert.True(result.ExitCode == 0, result.Output);
        var containers = await ContainersAsync();
        var networks = await _images.Engine.Networks.ListNetworksAsync(new NetworksListParameters { Filters = Own() });
        var volumes = await _images.Engine.Volumes.ListAsync(new VolumesListParameters { Filters = Own() });
        string[] left = [.. containers.Keys, .. networks.Select(one => one.Name), .. (volumes.Volumes ?? []).Select(one => one.Name)];
        Assert.Empty(left);
    }

    private Task<ExternalTool> RunAsync(params string[] arguments) => DockerAsync(
    [
        "compose", "--project-name", Name, "--project-directory", _folder.Path,
        "--file", File("docker-compose.yaml"), "--file", File(Override), .. arguments,
    ]);

    private static Task<ExternalTool> DockerAsync(params string[] arguments) =>
        ExternalTool.RunOrSkipAsync("docker", "docker.io", arguments);

    private Dictionary<string, IDictionary<string, bool>> Own() =>
        new() { ["label"] = new Dictionary<string, bool> { [$"com.docker.compose.project={Name}"] = true } };

    // A server gets any free port; a node keeps its port when it is recreated.
    private string HostPort(Service service) => service.Node is { } node ? $"{_lease.Ports.Http + node}" : "";

    private void WriteSettings()
    {
        var text = System.IO.File.ReadAllText(File("docker-compose.yaml"));
        var demanded = Demanded().Matches(text).Select(match => match.Groups["name"].Value);
        var secrets = demanded.Except(["API_TOKEN"]).Select(name => $"{name}={RandomNumberGenerator.GetHexString(32, lowercase: true)}");
        System.IO.File.WriteAllLines(File(Settings), [.. secrets, $"API_TOKEN={Token}"]);
    }

    private async Task ReadServicesAsync()
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(await System.IO.File.ReadAllTextAsync(File("docker-compose.yaml"), Test)));
        var services = ((YamlMappingNode)((YamlMappingNode)yaml.Documents[0].RootNode).Children["services"]).Children
            .Select(service => Read(service.Key.ToString(), (YamlMappingNode)service.Value)).ToList();
        foreach (var service in services)
        {
            var image = AppHost.Plan.ContainerImage.All.FirstOrDefault(one => one.ToString() == service.Image);
            if (image is not null && await _images.WhyNotAsync(image) is not null)
                _missing.Add(service.Name);
        }
        TestContext.Current.TestOutputHelper?.WriteLine(
            _missing.Count == 0 ? "All services." : $"Left out, because their image cannot be had: {string.Join(", ", _missing)}");
        Services = [.. services.Where(service => !_missing.Contains(service.Name))];
        Differ();
    }

    // A port is "127.0.0.1:9090:9090"; the last part is the container's.
    private static Service Read(string name, YamlMappingNode service)
    {
        var ports = service.Children.TryGetValue("ports", out var list)
            ? ((YamlSequenceNode)list).Select(port => port.ToString().Split(':')[^1])
            : [];
        var stays = !service.Children.TryGetValue("restart", out var restart) || restart.ToString() != "on-failure";
        var needs = service.Children.TryGetValue("depends_on", out var others)
            ? ((YamlMappingNode)others).Children.ToDictionary(need => need.Key.ToString(), need => need.Value["condition"].ToString())
            : [];
        return new Service(name, service.Children["image"].ToString(), [.. ports], needs, stays);
    }

    [GeneratedRegex(@"(?<!\$)\$\{(?<name>[A-Z_]+):\?")]
    private static partial Regex Demanded();

    /// <summary>A service of the file.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Image">Its image, as written.</param>
    /// <param name="Ports">The container ports that it publishes.</param>
    /// <param name="Needs">The services it waits for, each with the condition.</param>
    /// <param name="Stays">False for a one-shot service.</param>
    public sealed record Service(
        string Name, string Image, IReadOnlyList<string> Ports, IReadOnlyDictionary<string, string> Needs, bool Stays)
    {
        /// <summary>Its number if it is a node; otherwise null.</summary>
        public int? Node =>
            Name.StartsWith("node-", StringComparison.Ordinal) ? int.Parse(Name.AsSpan(5), CultureInfo.InvariantCulture) : null;
    }
}
