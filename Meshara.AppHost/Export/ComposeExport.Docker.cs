using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker;
using Aspire.Hosting.Docker.Resources;
using Aspire.Hosting.Docker.Resources.ComposeNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;
using Meshara.AppHost.Metrics;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using Meshara.Harness.Monitoring;

namespace Meshara.AppHost.Export;

internal static partial class ComposeExport
{
    // Headroom above the threshold of the alert MemoryExhaustion (1 GB), as in deploy/kubernetes.
    private const int NodeMemoryMiB = 1536;
    private const string NodeUser = "1654", Nobody = "65534";
    private const string ConfigurationLabel = "org.meshara.configuration";

    static partial void AddEnvironment(IDistributedApplicationBuilder builder)
    {
        var folder = builder.Configuration[OutputFolder.Key]!;
        builder.AddDockerComposeEnvironment(EnvironmentName)
            // Jaeger receives the traces; Aspire's dashboard stores nothing and is meant for a developer's machine.
            .WithDashboard(enabled: false)
            .WithProperties(environment => environment.DefaultNetworkName = "mesh")
            .ConfigureComposeFile(file => Complete(file, builder.Resources, folder));
    }

    static partial void PublishServer(IResourceBuilder<ContainerResource> server, StackPart part, MeshPlan plan) =>
        Customize(server, (_, service) =>
        {
            Harden(service, part.MemoryMiB, part.Processors);
            service.Restart = part.Ends ? "on-failure" : "unless-stopped";
            service.Ports = [.. part.Endpoints.Select(endpoint => Published(endpoint.HostPort(plan.Stack.Ports), endpoint.Port))];
            service.Expose = [];
            service.Healthcheck = part.HealthCheck.Count > 0 ? Check(part.HealthCheck, "60s") : null;
            // Behind a proxy, people reach the page at another URL.
            service.Command = [.. service.Command.Select(argument => WithVariable(argument, ComposeParameters.ExternalUrl(part.Name)))];
            foreach (var (setting, value) in ComposeParameters.Environment(part))
                service.Environment[setting] = value;
        });

    // Without capabilities, and with a read-only root file system: a node can write only to its volumes and /tmp.
    static partial void PublishNode(IResourceBuilder<ContainerResource> resource, StackNode node, int httpPort) =>
        Customize(resource, (_, service) =>
        {
            Harden(service, NodeMemoryMiB, processors: 1);
            service.Image = $"${{{ComposeParameters.NodeImage}:-{ContainerImage.Node}}}";
            service.Restart = "unless-stopped";
            service.ReadOnly = true;
            service.CapDrop = ["ALL"];
            service.Tmpfs = ["/tmp"];
            service.StopGracePeriod = "30s";
            service.Ports = [Published(node.HttpPort, httpPort)];
            service.Expose = [];
            service.Healthcheck = Check(["CMD", "dotnet", "/app/meshara.dll", "probe"], "60s");
        });

    static partial void PublishSecret(IResourceBuilder<ContainerResource> server, string path, IResourceBuilder<ParameterResource> secret)
    {
        var file = new SecretFileAnnotation($"{server.Resource.Name}_{Path.GetFileName(path)}");
        Customize(server.WithAnnotation(file), (service, compose) =>
        {
            file.Placeholder = secret.AsEnvironmentPlaceholder(service);
            compose.AddConfig(new ConfigReference
            {
                Source = file.Name,
                Target = path,
                Uid = Nobody,
                Gid = Nobody,
                Mode = UnixFileMode.UserRead,
            });
        });
    }

    static partial void PublishWorkingFolder(IResourceBuilder<ContainerResource> server, string folder) =>
        Customize(server, (_, service) => service.WorkingDir = folder);

    // Aspire refuses to write its manifest for a model with compose customizations.
    private static void Customize(IResourceBuilder<ContainerResource> resource, Action<DockerComposeServiceResource, Service> customize)
    {
        if (resource.ApplicationBuilder.Resources.OfType<DockerComposeEnvironmentResource>().Any())
            resource.PublishAsDockerComposeService(customize);
    }

    private static void Harden(Service service, int memoryMiB, double processors)
    {
        service.SecurityOpt = ["no-new-privileges:true"];
        service.Logging = new Logging { Driver = "json-file", Options = new() { ["max-size"] = "10m", ["max-file"] = "3" } };
        service.Deploy = new Deploy
        {
            Resources = new Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm.Resources
            {
                Limits = new ResourceSpec { Memory = $"{memoryMiB}M", Cpus = processors.ToString(CultureInfo.InvariantCulture) },
            },
        };
    }

    private static void Complete(ComposeFile file, IResourceCollection resources, string folder)
    {
        file.Name = "meshara";
        if (file.Services.TryGetValue(StackPart.Prometheus.Name, out var prometheus))
            MountConfiguration(prometheus, file, folder);
        foreach (var reference in file.Services.Values.SelectMany(service => service.Configs))
        {
            // Compose expands $NAME in inline configs, and rules and templates are full of dollar signs.
            if (file.Configs.TryGetValue(reference.Source!, out var config))
                config.Content = ComposeParameters.Insert(reference.Target!, WithSwitch(config.Content!.Replace("$", "$$", StringComparison.Ordinal)));
        }
        foreach (var secret in resources.SelectMany(resource => resource.Annotations.OfType<SecretFileAnnotation>()))
            file.AddConfig(new Config { Name = secret.Name, Content = Required(secret.Placeholder) });
        foreach (var service in file.Services.Values)
        {
            foreach (var (name, value) in service.Environment)
                service.Environment[name] = Required(value);
            ShowConfiguration(service, file);
            WaitForHealth(service, file, resources);
        }

        // Log files are needed only until Filebeat has shipped them, so they live in a bounded tmpfs that the nodes' user can write.
        file.Volumes[LogVolume].DriverOpts = new()
        {
            ["type"] = "tmpfs",
            ["device"] = "tmpfs",
            ["o"] = $"size=256m,uid={NodeUser},gid={NodeUser},mode=0755",
        };
    }

    // Prometheus rereads mounted rules and targets when they change; compose copies a config only when it creates the container.
    private static void MountConfiguration(Service service, ComposeFile file, string folder)
    {
        foreach (var reference in service.Configs)
        {
            var path = Path.Combine(folder, service.Name, Path.GetRelativePath(PrometheusExtensions.Folder, reference.Target!));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, file.Configs[reference.Source!].Content);
            file.Configs.Remove(reference.Source!);
        }
        service.Configs = [];
        service.Volumes.Add(new Volume
        {
            Name = service.Name,
            Type = "bind",
            Source = $"./{service.Name}",
            Target = PrometheusExtensions.Folder,
            ReadOnly = true,
        });
    }

    // Compose recreates a service when its definition changes, but the content of its configs is not part of the definition.
    // So a label holds their hash, and the environment lists the variables they use.
    private static void ShowConfiguration(Service service, ComposeFile file)
    {
        var contents = string.Join('\n', service.Configs.Select(reference => file.Configs[reference.Source!].Content));
        if (contents.Length == 0)
            return;
        service.Labels[ConfigurationLabel] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(contents)))[..16];
        foreach (var variable in Variable().Matches(contents).Select(match => match.Groups))
            service.Environment[variable["name"].Value] = variable["expression"].Value;
    }

    // Aspire's publisher only waits until a dependency has started.
    private static void WaitForHealth(Service service, ComposeFile file, IResourceCollection resources)
    {
        foreach (var wait in resources.Single(resource => resource.Name == service.Name).Annotations.OfType<WaitAnnotation>())
        {
            if (wait.WaitType == WaitType.WaitUntilHealthy && file.Services[wait.Resource.Name].Healthcheck is not null)
                service.DependsOn[wait.Resource.Name].Condition = "service_healthy";
        }
    }

    private static Healthcheck Check(IReadOnlyList<string> command, string startPeriod) =>
        new() { Test = [.. command], Interval = "10s", Timeout = "10s", Retries = 6, StartPeriod = startPeriod };

    // Pages and APIs are published on the loopback address only; remote access needs a TLS proxy in front.
    private static string Published(int hostPort, int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{hostPort}:{port}");

    private static string WithVariable(string argument, string name)
    {
        const string Option = PrometheusFolder.ExternalUrlOption;
        return argument.StartsWith(Option, StringComparison.Ordinal) ? $"{Option}${{{name}:-{argument[Option.Length..]}}}" : argument;
    }

    // Alertmanager sends Watchdog to a dead man's switch if DEAD_MANS_SWITCH_URL is set.
    private static string WithSwitch(string content) => AlertmanagerFolder.WithSwitch(
        content, "${DEAD_MANS_SWITCH_URL:+- url: '${DEAD_MANS_SWITCH_URL:-}'}", "${DEAD_MANS_SWITCH_URL:+send_resolved: false}");

    private static string Required(string value) => Placeholder().Replace(value, "${$1:?is not set; see env.example}");

    [GeneratedRegex(@"\$\{([A-Z0-9_]+)\}")]
    private static partial Regex Placeholder();

    // A variable that compose expands: its dollar sign is not doubled.
    [GeneratedRegex(@"(?<!\$)(\$\$)*(?<expression>\$\{(?<name>[A-Z_]+):[-?][^}]*\})")]
    private static partial Regex Variable();

    private sealed class SecretFileAnnotation(string name) : IResourceAnnotation
    {
        public string Name => name;

        public string Placeholder { get; set; } = "";
    }
}
