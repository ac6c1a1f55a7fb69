using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Mesh;
using Meshara.AppHost.Plan;
using Meshara.AppHost.Preflight;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>The application, started by Aspire's orchestrator. All waits have deadlines and report the resources' output.</summary>
internal sealed class RunningMesh : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RemovalDeadline = TimeSpan.FromSeconds(30);

    private readonly MeshApplication _model;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };

    private RunningMesh(MeshApplication model, DistributedApplication application) => (_model, Application) = (model, application);

    /// <summary>The application.</summary>
    public DistributedApplication Application { get; }

    /// <summary>The nodes.</summary>
    public IReadOnlyList<IMeshNodeResource> Nodes => [.. Application.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<IMeshNodeResource>()];

    private ResourceNotificationService Notifications => Application.Services.GetRequiredService<ResourceNotificationService>();

    /// <summary>Starts the application, and returns once every resource with health checks is healthy.</summary>
    public static async Task<RunningMesh> StartAsync(CancellationToken test, params string[] options)
    {
        var model = await MeshApplication.CreateAsync(test, [.. options.Contains("--traffic") ? (string[])[] : ["--traffic", "0"], .. options]);
        EndContainersWithTheApplication(model);
        RunningMesh? mesh = null;
        try
        {
            mesh = new RunningMesh(model, await model.Builder.BuildAsync(test));
            await mesh.Application.StartAsync(test).WaitAsync(StartDeadline, test);
            var checkedResources = mesh.Application.Services.GetRequiredService<DistributedApplicationModel>().Resources.Where(resource => resource.Annotations.OfType<HealthCheckAnnotation>().Any());
            foreach (var resource in checkedResources)
                await mesh.HealthyAsync(resource.Name, test);
            return mesh;
        }
        catch
        {
            await (mesh?.DisposeAsync() ?? model.DisposeAsync());
            throw;
        }
    }

    /// <summary>Waits until a resource is healthy.</summary>
    public async Task HealthyAsync(string name, CancellationToken test)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(test);
        limit.CancelAfter(StartDeadline);
        try
        {
            await Notifications.WaitForResourceHealthyAsync(name, WaitBehavior.StopOnResourceUnavailable, limit.Token);
        }
        catch (Exception exception) when (exception is DistributedApplicationException || (exception is OperationCanceledException && !test.IsCancellationRequested))
        {
            throw new TimeoutException($"{name} did not get healthy: {exception.Message}\n{await LogAsync(name)}");
        }
    }

    /// <summary>Executes a command of a resource and returns its result.</summary>
    public Task<ExecuteCommandResult> ExecuteAsync(string resource, string command, CancellationToken test, params (string Name, string Value)[] arguments)
    {
        var commands = Application.Services.GetRequiredService<ResourceCommandService>();
        var target = Application.Services.GetRequiredService<DistributedApplicationModel>().Resources.Single(other => other.Name == resource);
        return arguments.Length == 0
            ? commands.ExecuteCommandAsync(target, command, test)
            : commands.ExecuteCommandAsync(target, command, new InteractionInputCollection(
                [.. arguments.Select(argument => new InteractionInput { Name = argument.Name, InputType = InputType.Text, Value = argument.Value })]), test);
    }

    /// <summary>The address of a resource's endpoint.</summary>
    public Uri Address(string resource, string endpoint = "http") => new(
        Application.Services.GetRequiredService<DistributedApplicationModel>().Resources.OfType<IResourceWithEndpoints>().Single(other => other.Name == resource).GetEndpoint(endpoint).Url);

    /// <summary>Polls a server until its answer is as expected.</summary>
    /// <param name="resource">The server's resource.</param>
    /// <param name="path">The path to request.</param>
    /// <param name="isRight">Returns true for the expected answer.</param>
    /// <param name="deadline">Maximum time to wait.</param>
    /// <param name="test">The test's token.</param>
    /// <param name="authorization">Value of the header Authorization.</param>
    public async Task<JsonElement> EventuallyAsync(
        string resource, string path, Func<JsonElement, bool> isRight, TimeSpan deadline, CancellationToken test, string? authorization = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(test);
        limit.CancelAfter(deadline);
        using var timer = new PeriodicTimer(PollInterval);
        var last = "no answer";
        while (true)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address(resource), path));
                if (authorization is not null)
                    request.Headers.Add("Authorization", authorization);
                using var response = await _client.SendAsync(request, limit.Token);
                last = await response.Content.ReadAsStringAsync(limit.Token);
                // An expected answer need not be 200: an unhealthy node still reports its peers.
                if (JsonSerializer.Deserialize<JsonElement>(last) is var answer && isRight(answer))
                    return answer;
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (Exception exception) when (exception is HttpRequestException or JsonException)
            {
                last = exception.Message;
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!test.IsCancellationRequested)
            {
                throw new TimeoutException($"{resource}{path} was not as it should be within {deadline.TotalSeconds:0} s. Last: {last[..Math.Min(last.Length, 3000)]}");
            }
        }
    }

    /// <summary>Waits until a property of a resource is as expected.</summary>
    public Task ShowsAsync(string resource, string property, Predicate<string> isRight, TimeSpan deadline, CancellationToken test) => ShowsAsync(
        resource, snapshot => snapshot.Properties.FirstOrDefault(shown => shown.Name == property)?.Value?.ToString() is { } value && isRight(value), deadline, test);

    /// <summary>Waits until the state of a resource is as expected.</summary>
    public Task ShowsStateAsync(string resource, Predicate<string> isRight, TimeSpan deadline, CancellationToken test) =>
        ShowsAsync(resource, snapshot => snapshot.State is { } state && isRight(state.Text), deadline, test);

    /// <summary>Sends a request with a JSON body to a server.</summary>
    public async Task SendAsync(HttpMethod method, string resource, string path, string json, CancellationToken test)
    {
        using var request = new HttpRequestMessage(method, new Uri(Address(resource), path)) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        using var response = await _client.SendAsync(request, test);
        Assert.True(response.IsSuccessStatusCode, $"{resource}{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(test)}");
    }

    private async Task ShowsAsync(string resource, Predicate<CustomResourceSnapshot> isRight, TimeSpan deadline, CancellationToken test)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(test);
        limit.CancelAfter(deadline);
        CustomResourceSnapshot? last = null;
        try
        {
            await Notifications.WaitForResourceAsync(resource, change => isRight(last = change.Snapshot), limit.Token);
        }
        catch (OperationCanceledException) when (!test.IsCancellationRequested)
        {
            throw new TimeoutException($"{resource} did not show what it should within {deadline.TotalSeconds:0} s but {last?.State?.Text}: "
                + string.Join(", ", last?.Properties.Select(property => $"{property.Name}={property.Value}") ?? []));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        var volumes = Volumes();
        await Application.DisposeAsync();
        await _model.DisposeAsync();
        await RemoveAsync(volumes);
    }

    // A developer reuses running containers; a test uses a new folder, and therefore new names, each time.
    private static void EndContainersWithTheApplication(MeshApplication model)
    {
        foreach (var container in model.Builder.Resources.OfType<ContainerResource>().ToList())
            model.Builder.CreateResourceBuilder(container).WithLifetime(ContainerLifetime.Session);
    }

    private List<string> Volumes() =>
    [
        .. Application.Services.GetRequiredService<DistributedApplicationModel>().Resources.SelectMany(resource => resource.Annotations.OfType<ContainerMountAnnotation>())
            .Where(mount => mount.Type == ContainerMountType.Volume).Select(mount => mount.Source!),
    ];

    // Named volumes outlive their containers. The engine refuses to remove them until the orchestrator has removed the containers.
    private static async Task RemoveAsync(List<string> volumes)
    {
        if (volumes.Count == 0)
            return;
        var engine = ContainerEngine.FromEnvironment();
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(PollInterval);
        while (await engine.RunAsync(RemovalDeadline, ["volume", "rm", "--force", .. volumes]) is (not 0, var refusal))
        {
            if (Stopwatch.GetElapsedTime(started) > RemovalDeadline)
                throw new TimeoutException($"The volumes of the test are still there after {RemovalDeadline.TotalSeconds:0} s: {refusal}");
            await timer.WaitForNextTickAsync();
        }
    }

    private async Task<string> LogAsync(string name)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        var lines = new List<string>();
        await foreach (var batch in Application.Services.GetRequiredService<ResourceLoggerService>().GetAllAsync(name).WithCancellation(limit.Token))
            lines.AddRange(batch.Select(line => line.Content));
        return string.Join('\n', lines.TakeLast(40));
    }
}
