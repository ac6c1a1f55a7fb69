using System.Collections.Concurrent;
using Docker.DotNet;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Configurations;
using Meshara.AppHost.Plan;
using Meshara.Tests.Containers;

[assembly: AssemblyFixture(typeof(ContainerImages))]

namespace Meshara.Tests.Containers;

/// <summary>
/// Decides once per run which images are available: present on the machine, or pullable. A test that needs another is skipped with the
/// reason, or fails if <see cref="ImageChoice"/> requires it. Nothing is checked before a test needs it.
/// </summary>
public sealed class ContainerImages : IAsyncDisposable
{
    private static readonly TimeSpan EngineDeadline = TimeSpan.FromSeconds(10);
    // The engine reports progress as soon as a registry answers; after this long without any, give up.
    private static readonly TimeSpan RegistryDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PullDeadline = TimeSpan.FromMinutes(10);

    private readonly ImageChoice _choice = ImageChoice.FromEnvironment();
    private readonly Lazy<Task<(DockerClient? Client, string? Why)>> _engine = new(FindEngineAsync);
    private readonly Lazy<Task<(string? Image, string? Why)>> _node;
    private readonly ConcurrentDictionary<ContainerImage, Lazy<Task<string?>>> _decisions = new();
    private readonly ConcurrentDictionary<string, string> _deadRegistries = new();
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _registryGates = new();

    public ContainerImages() => _node = new(BuildNodeAsync);

    /// <summary>The engine; only for callers that have got an image.</summary>
    internal DockerClient Engine => _engine.Value.Result.Client ?? throw new InvalidOperationException("There is no engine: ask for an image first.");

    /// <summary>The reference of an available image; otherwise skips the test.</summary>
    internal async Task<string> UseAsync(ContainerImage image)
    {
        if (await WhyNotAsync(_choice.Chosen(image)) is { } why)
            Refuse(ImageChoice.NameOf(image), why);
        return _choice.Chosen(image).ToString();
    }

    /// <summary>Why this image cannot be run; null if it can.</summary>
    internal Task<string?> WhyNotAsync(ContainerImage image) => _decisions.GetOrAdd(image, one => new(() => DecideAsync(one))).Value;

    /// <summary>The node's image, built from the build under test; skips the test if it cannot be built.</summary>
    internal async Task<string> UseNodeAsync()
    {
        var (image, why) = await _node.Value;
        if (image is null)
            Refuse(ImageChoice.Node, why!);
        return image!;
    }

    /// <summary>Skips the test because something is not available, or fails it if that is required.</summary>
    internal void Refuse(string name, string why)
    {
        if (_choice.IsRequired(name))
            Assert.Fail($"MESHARA_REQUIRE demands {name}. {why}");
        Assert.Skip(why);
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine.IsValueCreated && (await _engine.Value).Client is { } engine)
        {
            if (_node.IsValueCreated && (await _node.Value).Image is { } node)
                await engine.Images.DeleteImageAsync(node, new ImageDeleteParameters { Force = true });
            engine.Dispose();
        }
        foreach (var gate in _registryGates.Values)
            gate.Dispose();
    }

    private static async Task<(DockerClient?, string?)> FindEngineAsync()
    {
        var settings = TestcontainersSettings.OS.DockerEndpointAuthConfig;
        if (settings is null)
            return (null, "No container engine is set up on this machine.");
        // If that engine does not answer, Testcontainers tries others; a user who names one wants no other.
        if (Environment.GetEnvironmentVariable("DOCKER_HOST") is { Length: > 0 } named && settings.Endpoint != new Uri(named))
            return (null, $"No container engine answers at {named}.");
        var client = settings.GetDockerClientBuilder(Guid.Empty).Build();
        using var limit = new CancellationTokenSource(EngineDeadline);
        try
        {
            await client.System.PingAsync(limit.Token);
            return (client, null);
        }
        catch (Exception exception) when (exception is HttpRequestException or DockerApiException or IOException or OperationCanceledException or TimeoutException)
        {
            client.Dispose();
            return (null, $"No container engine answers at {settings.Endpoint}.");
        }
    }

    private async Task<string?> DecideAsync(ContainerImage image)
    {
        var (engine, why) = await _engine.Value;
        if (engine is null)
            return why;
        try
        {
            await engine.Images.InspectImageAsync(image.ToString());
            return null;
        }
        catch (DockerImageNotFoundException)
        {
            return await PullAsync(engine, image);
        }
    }

    private async Task<string?> PullAsync(DockerClient engine, ContainerImage image)
    {
        // One pull at a time from each registry: once one finds it dead, the others need not try.
        var gate = _registryGates.GetOrAdd(image.Registry, _ => new SemaphoreSlim(1));
        await gate.WaitAsync();
        try
        {
            if (_deadRegistries.TryGetValue(image.Registry, out var why))
                return why;
            using var limit = new CancellationTokenSource(RegistryDeadline);
            var answers = new Answers(() => limit.CancelAfter(PullDeadline));
            try
            {
                await engine.Images.CreateImageAsync(
                    new ImagesCreateParameters { FromImage = $"{image.Registry}/{image.Repository}", Tag = image.Tag }, new AuthConfig(), answers, limit.Token);
                return null;
            }
            catch (Exception exception) when (exception is DockerApiException or HttpRequestException or OperationCanceledException)
            {
                if (answers.Any || exception is DockerApiException { StatusCode: System.Net.HttpStatusCode.NotFound })
                    return $"The image {image} cannot be pulled: {Reason(exception)}";
                why = $"The image is not on this machine and its registry, {image.Registry}, does not answer.";
                return _deadRegistries[image.Registry] = why;
            }
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<(string?, string?)> BuildNodeAsync()
    {
        var (engine, why) = await _engine.Value;
        return engine is null ? (null, why) : await NodeImage.BuildAsync();
    }

    private static string Reason(Exception exception) => exception is OperationCanceledException ? $"not within {PullDeadline.TotalMinutes:0} minutes." : exception.Message;

    /// <summary>Reports on the reading thread, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Answers(Action onFirst) : IProgress<JSONMessage>
    {
        public bool Any { get; private set; }

        public void Report(JSONMessage value)
        {
            if (Any || value.Error is not null)
                return;
            Any = true;
            onFirst();
        }
    }
}
