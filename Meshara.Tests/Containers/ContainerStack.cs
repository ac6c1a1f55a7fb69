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
/// A private network and the containers that tests put into it. A class of tests has one; each part starts when a test first asks for
/// it, and all of them go with the last test.
/// </summary>
public sealed class ContainerStack(ContainerImages images) : IAsyncDisposable
{
    /// <summary>Longer than anything takes on a busy machine; reached only when a test fails.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private const int LogLinesShown = 60;

    private readonly Dictionary<Type, Task> _parts = [];
    private readonly List<IContainer> _containers = [];
    private readonly Stack<IAsyncDisposable> _owned = new();

    internal ContainerImages Images => images;

    internal INetwork Network { get; private set; } = null!;

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>A part of the stack, started by the first who asks; a part that cannot be had skips every test that asks.</summary>
    /// <param name="start">Starts it.</param>
    internal Task<T> UseAsync<T>(Func<ContainerStack, Task<T>> start) where T : class
    {
        ArgumentNullException.ThrowIfNull(start);
        if (!_parts.TryGetValue(typeof(T), out var part))
            _parts[typeof(T)] = part = start(this);
        return (Task<T>)part;
    }

    /// <summary>A container of this network, reached by its name from the others and on a free port from here.</summary>
    internal async Task<ContainerBuilder> BuilderAsync(string image, string name, params int[] ports)
    {
        if (Network is null)
        {
            // Of the networks that a container is in, the first by name is the one its ports are published through. That must be `bridge`, so
            // that the test still reaches a node that has been cut off from this one.
            Network = Own(new NetworkBuilder().WithName($"meshara-{Guid.NewGuid():n}"[..16]).WithLogger(NullLogger.Instance).Build());
            await Network.CreateAsync(Test);
        }
        var builder = new ContainerBuilder(image)
            .WithName($"{Network.Name}-{name}")
            .WithNetwork(Network)
            .WithNetworkAliases(name)
            .WithImagePullPolicy(_ => false)
            .WithLogger(NullLogger.Instance)
            // Tests talk to containers on this machine alone.
            .WithCreateParameterModifier(parameters =>
            {
                foreach (var binding in parameters.HostConfig?.PortBindings?.Values.SelectMany(bindings => bindings) ?? [])
                    binding.HostIP = "127.0.0.1";
            });
        return ports.Aggregate(builder, (all, port) => all.WithPortBinding(port, assignRandomHostPort: true));
    }

    /// <summary>The same for one of the stack's own images.</summary>
    internal async Task<ContainerBuilder> BuilderAsync(ContainerImage image, string name, params int[] ports) =>
        await BuilderAsync(await images.UseAsync(image), name, ports);

    /// <summary>Starts a container, which goes with the stack and whose log is shown when a test fails.</summary>
    internal async Task<IContainer> StartAsync(ContainerBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var container = Own(builder.Build());
        _containers.Add(container);
        await InTimeAsync(container.StartAsync(Test));
        return container;
    }

    /// <summary>Waits for the engine to do something, but not for ever.</summary>
    internal static Task InTimeAsync(Task task) => task.WaitAsync(Deadline, Test);

    /// <summary>For talking to a container's port from here.</summary>
    internal static HttpClient Client(IContainer container, int port)
    {
        ArgumentNullException.ThrowIfNull(container);
        return new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{container.GetMappedPublicPort(port)}/")),
            Timeout = TimeSpan.FromSeconds(30),
        };
    }

    /// <summary>Disposed with the stack, last first.</summary>
    internal T Own<T>(T resource) where T : IAsyncDisposable
    {
        _owned.Push(resource);
        return resource;
    }

    /// <summary>Asks until it is so; what does not answer, or not yet as it will, is not so yet.</summary>
    /// <param name="what">What is waited for, for the failure.</param>
    /// <param name="condition">Asked again and again.</param>
    /// <param name="deadline">How long to wait at the most.</param>
    /// <exception cref="TimeoutException">It never was, in time; with every container's log.</exception>
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

    /// <summary>For the end of every test: if it failed, what the containers said goes into its output.</summary>
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
