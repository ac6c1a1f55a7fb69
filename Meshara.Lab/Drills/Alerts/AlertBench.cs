using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>The environment of a stage's drills: a running mesh with healthy traffic, and its monitoring.</summary>
internal sealed class AlertBench : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _owned = new();
    private readonly Stack<Flow> _flows = new();
    private readonly CancellationTokenSource _traffic = new();
    private readonly DrillLedger _ledger;
    private Task _sending = Task.CompletedTask;

    private AlertBench(DrillMesh mesh, Monitoring monitoring, StackFiles files, TimeProvider time)
    {
        Mesh = mesh;
        Monitoring = monitoring;
        Files = files;
        Time = time;
        _ledger = new DrillLedger("alerts", time);
    }

    /// <summary>The nodes.</summary>
    public DrillMesh Mesh { get; }

    /// <summary>Prometheus, Alertmanager and the receivers.</summary>
    public Monitoring Monitoring { get; }

    /// <summary>Paths of the mesh's files.</summary>
    public StackFiles Files { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Prepares everything; starts only the receivers.</summary>
    public static async Task<AlertBench> CreateAsync(AlertStage stage, StackFiles files, FaultLog log, StatusConsole console, TimeProvider time, CancellationToken stop)
    {
        var options = new DrillOptions { Name = stage.Name, Nodes = stage.Nodes, Rate = stage.Rate, Seed = Random.Shared.Next() };
        var mesh = DrillMesh.Create(options, stage.Settings, hasNetwork: OperatingSystem.IsLinux(), files, log, console, time);
        try
        {
            return new AlertBench(mesh, await Monitoring.CreateAsync(mesh.Stack, files, time, stop), files, time);
        }
        catch
        {
            await mesh.DisposeAsync();
            throw;
        }
    }

    // DiskFullPredicted sees a trend in a node's first files while they are in its window, two minutes here. On a busy machine,
    // startup takes so long that the rule already has the history it requires.
    private static readonly TimeSpan UntilQuiet = TimeSpan.FromMinutes(4);

    /// <summary>Starts nodes, traffic and monitoring, and returns once everything is healthy.</summary>
    public async Task StartAsync(double rate, CancellationToken stop)
    {
        await Mesh.StartAsync(stop);
        await Eventually.TrueAsync(IsWholeAsync, "every node is connected to every other", Time, stop);
        _sending = new DrillTraffic(Mesh, _ledger, Random.Shared, Time).RunAsync(rate, _traffic.Token);
        await Monitoring.StartAsync(stop);
        await Eventually.TrueAsync(async () => await CountAsync("count(up == 1)", stop) == Mesh.Nodes.Count + 2, "everything is scraped", Time, stop);
        // A restarted Prometheus treats vanished series as current for five minutes, so outdated membership views would look like
        // a partition.
        await Eventually.TrueAsync(async () => await CountAsync("count(count_values(\"view\", meshara_membership_view))", stop) == 1, "all nodes see the same members", Time, stop);
        await Monitoring.BeginAlertingAsync(stop);
        IReadOnlyList<ActiveAlert> alerts = [];
        try
        {
            await Eventually.TrueAsync(async () => (alerts = await Monitoring.Prometheus.AlertsAsync(stop)) is [{ IsFiring: true, Labels.Alert: "Watchdog" }],
                "nothing fires but Watchdog", Time, stop, UntilQuiet);
        }
        catch (StackException e)
        {
            throw new StackException($"{e.Message}: {string.Join(", ", alerts.Select(alert => $"{alert.Labels} {(alert.IsFiring ? "fires" : "is pending")}"))}");
        }

        async Task<bool> IsWholeAsync() => (await Task.WhenAll(Mesh.Nodes.Select(node => node.Api.TryGetHealthAsync(stop))))
            .All(health => health?.ConnectedPeers == Mesh.Nodes.Count - 1);
    }

    /// <summary>The node with this number.</summary>
    public DrillNode Node(int index) => Mesh.Nodes[index - 1];

    /// <summary>Takes ownership of a resource that the nodes depend on. Resources are disposed after the nodes, last first.</summary>
    public T Own<T>(T resource) where T : IAsyncDisposable
    {
        lock (_owned)
            _owned.Push(resource);
        return resource;
    }

    /// <summary>Keeps a flow running until the bench is disposed; it stops before the nodes do.</summary>
    public void Continue(Flow flow)
    {
        lock (_flows)
            _flows.Push(flow);
    }

    /// <summary>Sends private messages from one node at a steady rate.</summary>
    public Flow Send(int from, double perSecond, Func<string> to, TimeSpan? timeToLive = null) =>
        new(perSecond, async _ => await Node(from).Api.SendAsync(to(), "drill", CancellationToken.None, timeToLive), Time);

    /// <summary>The first value of a Prometheus query; 0 if there is none.</summary>
    public async Task<double> CountAsync(string expression, CancellationToken stop) =>
        (await Monitoring.Prometheus.QueryAsync(expression, stop)) is [var only, ..] ? only.Value : 0;

    /// <summary>True if an alert with these labels is firing in Prometheus.</summary>
    public async Task<bool> IsFiringAsync(Labels labels, CancellationToken stop) =>
        (await Monitoring.Prometheus.AlertsAsync(stop)).Any(alert => alert.IsFiring && alert.Labels.Contain(labels));

    /// <summary>Waits for a condition.</summary>
    public Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken stop) => Eventually.TrueAsync(condition, what, Time, stop);

    /// <summary>The labels of a node's alert.</summary>
    public static Labels Of(int node) => Labels.Of(("cluster", Stack.Cluster), ("node", string.Create(CultureInfo.InvariantCulture, $"node-{node}")));

    /// <summary>The labels of a node's alert whose rule keeps the labels of the scrape.</summary>
    public Labels Scraped(int node) => Of(node).With(("job", "meshara"), ("instance", $"127.0.0.1:{Mesh.Stack.Nodes[node - 1].MetricsPort}"));

    public async ValueTask DisposeAsync()
    {
        await _traffic.CancelAsync();
        await _sending;
        while (_flows.TryPop(out var flow))
            await flow.DisposeAsync();
        await Monitoring.DisposeAsync();
        await Mesh.StopAsync(CancellationToken.None);
        await Mesh.DisposeAsync();
        while (_owned.TryPop(out var resource))
            await resource.DisposeAsync();
        _traffic.Dispose();
    }
}
