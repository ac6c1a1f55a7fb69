using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using Microsoft.Extensions.Logging.Abstractions;

namespace Meshara.Tests.Containers;

/// <summary>
/// A private network and the containers that tests put into it, one per test class. Each part starts when a test first asks for it, and
/// all are removed after the last test.
/// </summary>
public sealed class ContainerStack(ContainerImages images) : IAsyncDisposable
{
    /// <summary>Longer than anything takes on a busy machine; reached only if a test fails.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private const int LogLinesShown = 60;

    private readonly Dictionary<Type, Task> _parts = [];
    private readonly List<IContainer> _containers = [];
    private readonly Stack<IAsyncDisposable> _owned = new();

    internal ContainerImages Images => images;

    internal INetwork Network { get; private set; } = null!;

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>A part of the stack, started on first use. If it is not available, every test that asks for it is skipped.</summary>
    /// <param name="start">Starts it.</param>
    internal Task<T> UseAsync<T>(Func<ContainerStack, Task<T>> start) where T : class
    {
        ArgumentNullException.ThrowIfNull(start);
        if (!_parts.TryGetValue(typeof(T), out var part))
            _parts[typeof(T)] = part = start(this);
        return (Task<T>)part;
    }

    /// <summary>Configures a container of this network, reachable by its name from the others and on a free port from here.</summary>
    internal async Task<ContainerBuilder> BuilderAsync(string image, string name, params int[] ports)
    {
        if (Network is null)
        {
            // A container's ports are published through the first of its networks by name. That must be `bridge`, so that the
            // test still reaches a node that has been cut off from this network.
            Network = Own(new NetworkBuilder().WithName($"meshara-{Guid.NewGuid():n}"[..16]).WithLogger(NullLogger.Instance).Build());
            await Network.CreateAsync(Test);
        }
        var builder = new ContainerBuilder(image)
            .WithName($"{Network.Name}-{name}")
            .WithNetwork(Network)
            .WithNetworkAliases(name)
            .WithImagePullPolicy(_ => false)
            .WithLogger(NullLogger.Instance)
            // Publish ports on loopback only.
            .WithCreateParameterModifier(parameters =>
            {
                foreach (var binding in parameters.HostConfig?.PortBindings?.Values.SelectMany(bindings => bindings) ?? [])
                    binding.HostIP = "127.0.0.1";
            });
        return ports.Aggregate(builder, (all, port) => all.WithPortBinding(port, assignRandomHostPort: true));
    }

    /// <summary>Configures a container with one of the stack's own images.</summary>
    internal async Task<ContainerBuilder> BuilderAsync(ContainerImage image, string name, params int[] ports) =>
        await BuilderAsync(await images.UseAsync(image), name, ports);

    /// <summary>Starts a container. It is removed with the stack, and its log is shown if a test fails.</summary>
    internal async Task<IContainer> StartAsync(ContainerBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var container = Own(builder.Build());
        _containers.Add(container);
        await InTimeAsync(container.StartAsync(Test));
        return container;
    }

    /// <summary>Waits for the engine, with a deadline.</summary>
    internal static Task InTimeAsync(Task task) => task.WaitAsync(Deadline, Test);

    /// <summary>A client for a container's port.</summary>
    internal static HttpClient Client(IContainer container, int port)
    {
        ArgumentNullException.ThrowIfNull(container);
        return new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{container.GetMappedPublicPort(port)}/")),
            Timeout = TimeSpan.FromSeconds(30),
        };
    }

    /// <summary>Takes ownership of a resource, which is disposed with the stack, last first.</summary>
    internal T Own<T>(T resource) where T : IAsyncDisposable
    {
        _owned.Push(resource);
        return resource;
    }

    /// <summary>Polls until a condition holds. No answer, or one of another form, counts as false.</summary>
    /// <param name="what">Describes the condition in the failure message.</param>
    /// <param name="condition">The condition.</param>
    /// <param name="deadline">Maximum time to wait.</param>
    /// <exception cref="TimeoutException">It did not hold in time; the message has every container's log.</exception>
    internal async Task UntilAsync(string what, Func<Task<bool>> condition, TimeSpan? deadline = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var limit = deadline ?? Deadline;
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        Exception? last = null;
        while (true)
        {
            try
            {
                if (await condition())
                    return;
                last = null;
            }
            catch (Exception exception) when (exception is HttpRequestException or JsonException or IOException or KeyNotFoundException
                || (exception is TaskCanceledException && !Test.IsCancellationRequested))
            {
                last = exception;
            }
            if (Stopwatch.GetElapsedTime(started) > limit)
                throw new TimeoutException($"Not within {limit.TotalSeconds:0} s: {what}. {last?.Message}\n{await LogsAsync()}");
            await timer.WaitForNextTickAsync(Test);
        }
    }

    /// <summary>To be called at the end of every test: if it failed, adds the containers' logs to its output.</summary>
    internal async ValueTask ReportAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            TestContext.Current.TestOutputHelper?.WriteLine(await LogsAsync());
    }

    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var resource))
            await resource.DisposeAsync();
    }

    private async Task<string> LogsAsync()
    {
        var text = new StringBuilder();
        foreach (var container in _containers.Where(container => container.State != TestcontainersStates.Undefined))
        {
            var (output, errors) = await container.GetLogsAsync(timestampsEnabled: false);
            var lines = $"{output}\n{errors}".Split('\n', StringSplitOptions.RemoveEmptyEntries);
            text.AppendLine(CultureInfo.InvariantCulture, $"--- {container.Name} ({container.State}), the last of {lines.Length} lines:");
            text.AppendJoin('\n', lines.TakeLast(LogLinesShown)).AppendLine();
        }
        return text.ToString();
    }
}
