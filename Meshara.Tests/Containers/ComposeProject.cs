using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Meshara.Tests.Alerts;
using YamlDotNet.RepresentationModel;
using TemporaryFolder = Meshara.Tests.Stack.TemporaryFolder;

namespace Meshara.Tests.Containers;

/// <summary>A compose file as a project of its own: nothing it makes has the name of anything else on the machine.</summary>
internal sealed partial class ComposeProject : IAsyncDisposable
{
    private readonly string[] _files;
    private bool _isUp;

    private ComposeProject(string name, string[] files, IReadOnlyList<Service> services) => (Name, _files, Services) = (name, files, services);

    /// <summary>Its name, which labels all it makes.</summary>
    public string Name { get; }

    /// <summary>The services of the file.</summary>
    public IReadOnlyList<Service> Services { get; }

    /// <summary>True when <c>docker compose</c> is there.</summary>
    public static async Task<bool> IsInstalledAsync() =>
        ExternalTool.IsInstalled("docker") && (await ExternalTool.RunOrSkipAsync("docker", "docker.io", "compose", "version")).ExitCode == 0;

    /// <summary>Prepares what the file needs: free ports in place of its own, and a value for each variable that must be set.</summary>
    public static async Task<ComposeProject> CreateAsync(string file, TemporaryFolder folder, string nodeImage, CancellationToken test)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var text = await File.ReadAllTextAsync(file, test);
        var services = ReadServices(text);
        var ports = new StringBuilder("services:\n");
        foreach (var service in services.Where(service => service.Ports.Count > 0))
            ports.Append($"  {service.Name}:\n    ports: !override [{string.Join(", ", service.Ports.Select(port => $"\"127.0.0.1::{port}\""))}]\n");
        await File.WriteAllTextAsync(folder.File("ports.yaml"), ports.ToString(), test);

        var values = Demanded().Matches(text).Select(match => match.Groups["name"].Value).Distinct()
            .Select(name => $"{name}={RandomNumberGenerator.GetHexString(32, lowercase: true)}").Append($"MESHARA_NODE_IMAGE={nodeImage}");
        await File.WriteAllLinesAsync(folder.File("values.env"), values, test);

        var name = $"meshara-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        return new ComposeProject(name, ["--project-name", name, "--env-file", folder.File("values.env"), "--file", file, "--file", folder.File("ports.yaml")], services);
    }

    /// <summary>Brings services up and waits until they are healthy.</summary>
    public async Task UpAsync(IEnumerable<Service> services, bool withDependencies)
    {
        _isUp = true;
        string[] only = withDependencies ? [] : ["--no-deps"];
        // A service that ends when it is done is started by those that depend on it; waiting for it to stay would fail.
        var result = await RunAsync(["up", "--detach", "--wait", "--wait-timeout", "150", "--pull", "never", .. only, .. services.Where(service => service.Stays).Select(service => service.Name)]);
        Assert.True(result.ExitCode == 0, $"{result.Output}\n{await LogsAsync()}");
    }

    /// <summary>Takes everything down, volumes included.</summary>
    public async Task DownAsync()
    {
        _isUp = false;
        var result = await RunAsync("down", "--volumes", "--remove-orphans", "--timeout", "20");
        Assert.True(result.ExitCode == 0, result.Output);
    }

    /// <summary>Where a service's port is on this machine.</summary>
    public async Task<Uri> AddressAsync(string service, int port)
    {
        var result = await RunAsync("port", service, $"{port}");
        Assert.True(result.ExitCode == 0, result.Output);
        return new Uri($"http://{result.Output.Trim()}/");
    }

    /// <summary>What the containers said last, and how they are.</summary>
    public async Task<string> LogsAsync() => $"{(await RunAsync("ps", "--all")).Output}\n{(await RunAsync("logs", "--no-color", "--tail", "20")).Output}";

    public async ValueTask DisposeAsync()
    {
        if (_isUp)
            await DownAsync();
    }

    private Task<ExternalTool> RunAsync(params string[] arguments) => ExternalTool.RunOrSkipAsync("docker", "docker.io", ["compose", .. _files, .. arguments]);

    private static List<Service> ReadServices(string text)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(text));
        var services = (YamlMappingNode)((YamlMappingNode)yaml.Documents[0].RootNode).Children["services"];
        return [.. services.Children.Select(service => Read(service.Key.ToString(), (YamlMappingNode)service.Value))];
    }

    // A port is "127.0.0.1:9090:9090"; the last part is the container's.
    private static Service Read(string name, YamlMappingNode service)
    {
        var ports = service.Children.TryGetValue("ports", out var list) ? ((YamlSequenceNode)list).Select(port => port.ToString().Split(':')[^1]) : [];
        var stays = !service.Children.TryGetValue("restart", out var restart) || restart.ToString() != "on-failure";
        return new Service(name, service.Children["image"].ToString(), [.. ports], stays);
    }

    [GeneratedRegex(@"(?<!\$)\$\{(?<name>[A-Z_]+):\?")]
    private static partial Regex Demanded();

    /// <summary>A service of the file.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Image">Its image, as written.</param>
    /// <param name="Ports">The ports it publishes, in its container.</param>
    /// <param name="Stays">False for one that ends when it is done.</param>
    public sealed record Service(string Name, string Image, IReadOnlyList<string> Ports, bool Stays);
}
