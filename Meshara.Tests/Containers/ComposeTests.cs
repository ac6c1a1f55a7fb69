using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Docker.DotNet.Models;
using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;
using TemporaryFolder = Meshara.Tests.Stack.TemporaryFolder;

namespace Meshara.Tests.Containers;

/// <summary>
/// The exported compose file brought up by the real <c>docker compose</c>, checked from outside and taken down. Services whose image cannot
/// be had are left out; nothing else about the file is changed but the ports on this machine, which are free ones.
/// </summary>
public sealed class ComposeTests(ContainerImages images)
{
    private static readonly string File = Path.Combine(AlertFiles.Root, "deploy", "compose", "docker-compose.yaml");
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_exported_mesh_comes_up_healthy_scraped_and_alerting_and_leaves_nothing_behind()
    {
        await images.UseAsync(ContainerImage.Prometheus);
        await images.UseAsync(ContainerImage.Alertmanager);
        var node = await images.UseNodeAsync();
        if (!System.IO.File.Exists(File))
            images.Refuse(ImageChoice.Compose, "deploy/compose/docker-compose.yaml has not been exported.");
        if (!await ComposeProject.IsInstalledAsync())
            images.Refuse(ImageChoice.Compose, "docker compose is not installed.");

        using var folder = new TemporaryFolder();
        await using var project = await ComposeProject.CreateAsync(File, folder, node, Test);
        var missing = new List<string>();
        foreach (var service in project.Services)
        {
            if (await CannotHaveAsync(service.Image))
                missing.Add(service.Name);
        }
        TestContext.Current.TestOutputHelper?.WriteLine(missing.Count == 0 ? "All services." : $"Left out, because their image cannot be had: {string.Join(", ", missing)}");

        await project.UpAsync(project.Services.Where(service => !missing.Contains(service.Name)), withDependencies: missing.Count == 0);
        try
        {
            await CheckAsync(project, missing);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new InvalidOperationException($"{exception.Message}\n{await project.LogsAsync()}", exception);
        }

        await project.DownAsync();
        Assert.Empty(await LeftoversAsync(project.Name));
    }

    private static async Task CheckAsync(ComposeProject project, List<string> missing)
    {
        var nodes = project.Services.Count(service => service.Name.StartsWith("node-", StringComparison.Ordinal));
        using var prometheus = new HttpClient { BaseAddress = await project.AddressAsync("prometheus", 9090) };
        using var alertmanager = new HttpClient { BaseAddress = await project.AddressAsync("alertmanager", 9093) };

        await UntilAsync("every node is scraped", async () => await ValueAsync(prometheus, "count(up{job=\"meshara\"} == 1)") == nodes);
        await UntilAsync("the nodes know each other", async () => await ValueAsync(prometheus, "min(meshara_membership_size)") == nodes);
        await UntilAsync("Prometheus and Alertmanager are scraped", async () => await ValueAsync(prometheus, "count(up{job=~\"prometheus|alertmanager\"} == 1)") == 2);
        await UntilAsync("alerts reach Alertmanager", async () => (await alertmanager.GetFromJsonAsync<JsonElement>("api/v2/alerts", Test)).EnumerateArray()
            .Any(alert => alert.GetProperty("labels").GetProperty("alertname").GetString() == "Watchdog"));
        if (!missing.Contains("grafana"))
        {
            using var grafana = new HttpClient { BaseAddress = await project.AddressAsync("grafana", 3000) };
            await UntilAsync("Grafana answers", async () => (await grafana.GetAsync("api/health", Test)).IsSuccessStatusCode);
        }
    }

    private async Task<bool> CannotHaveAsync(string image) =>
        ContainerImage.All.FirstOrDefault(one => one.ToString() == image) is { } known && await images.WhyNotAsync(known) is not null;

    private async Task<IReadOnlyList<string>> LeftoversAsync(string project)
    {
        var filters = new Dictionary<string, IDictionary<string, bool>> { ["label"] = new Dictionary<string, bool> { [$"com.docker.compose.project={project}"] = true } };
        var containers = await images.Engine.Containers.ListContainersAsync(new ContainersListParameters { All = true, Filters = filters }, Test);
        var networks = await images.Engine.Networks.ListNetworksAsync(new NetworksListParameters { Filters = filters }, Test);
        var volumes = await images.Engine.Volumes.ListAsync(new VolumesListParameters { Filters = filters }, Test);
        return [.. containers.Select(one => one.Names[0]), .. networks.Select(one => one.Name), .. (volumes.Volumes ?? []).Select(one => one.Name)];
    }

    private static async Task<double?> ValueAsync(HttpClient prometheus, string expression)
    {
        var answer = await prometheus.GetFromJsonAsync<JsonElement>($"api/v1/query?query={Uri.EscapeDataString(expression)}", Test);
        var result = answer.GetProperty("data").GetProperty("result");
        return result.GetArrayLength() == 0 ? null : double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
    }

    private static async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Test);
        limit.CancelAfter(Deadline);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        try
        {
            while (!await HoldsAsync(condition))
                await timer.WaitForNextTickAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!Test.IsCancellationRequested)
        {
            throw new TimeoutException($"Not within {Deadline.TotalSeconds:0} s: {what}.");
        }
    }

    // A server that does not answer yet is no answer yet.
    private static async Task<bool> HoldsAsync(Func<Task<bool>> condition)
    {
        try
        {
            return await condition();
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
