using System.Collections.Concurrent;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Resources;
using Microsoft.Extensions.Hosting;

namespace Meshara.AppHost.Hosting;

/// <summary>Knows which process each node is at present: the orchestrator tells of every change.</summary>
internal sealed class MeshObserver(ResourceNotificationService notifications) : BackgroundService
{
    private readonly ConcurrentDictionary<string, int> _processes = new();
    private readonly ConcurrentDictionary<string, int> _numbers = new();

    /// <summary>The numbers of the running nodes by process id.</summary>
    public IReadOnlyDictionary<int, int> NodesByProcess
    {
        get
        {
            // A process id that is used again may stand there twice for a moment.
            var nodes = new Dictionary<int, int>();
            foreach (var (name, process) in _processes)
                nodes[process] = _numbers[name];
            return nodes;
        }
    }

    /// <summary>The process of a node; null while it does not run.</summary>
    public int? ProcessOf(string name) => _processes.TryGetValue(name, out var process) ? process : null;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var change in notifications.WatchAsync(stoppingToken))
        {
            if (change.Resource is not IMeshNodeResource resource)
                continue;
            _numbers[resource.Name] = resource.Node.Index;
            if (change.Snapshot.State?.Text == KnownResourceStates.Running && ProcessIn(change.Snapshot) is { } process)
                _processes[resource.Name] = process;
            else
                _processes.TryRemove(resource.Name, out _);
        }
    }

    private static int? ProcessIn(CustomResourceSnapshot snapshot) =>
        snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is { } value
            ? Convert.ToInt32(value, CultureInfo.InvariantCulture)
            : null;
}
