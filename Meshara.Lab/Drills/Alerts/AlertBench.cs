using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>What the drills of a stage work on: a running mesh, healthy traffic in it, and what watches it.</summary>
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

    /// <summary>Where everything is kept.</summary>
    public StackFiles Files { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Plans everything; nothing but the receivers is started.</summary>
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

    // To DiskFullPredicted the first files of a node are a trend while they are in its window, of two minutes here, and a machine that is
    // busy needs so long to begin that the rule has the past it asks for.
    private static readonly TimeSpan UntilQuiet = TimeSpan.FromMinutes(4);

    /// <summary>Starts nodes, traffic and monitoring, and returns when all of it is well.</summary>
    public async Task StartAsync(double rate, CancellationToken stop)
    {
        await Mesh.StartAsync(stop);
        await Eventually.TrueAsync(IsWholeAsync, "every node is connected to every other", Time, stop);
        _sending = new DrillTraffic(Mesh, _ledger, Random.Shared, Time).RunAsync(rate, _traffic.Token);
        await Monitoring.StartAsync(stop);
        await Eventually.TrueAsync(async () => await CountAsync("count(up == 1)", stop) == Mesh.Nodes.Count + 2, "everything is scraped", Time, stop);
        // What a Prometheus that starts again does not find any more it takes for current for five minutes: views of members that are over would be a partition.
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

    /// <summary>What lies under the nodes: disposed after them, last first.</summary>
    public T Own<T>(T resource) where T : IAsyncDisposable
    {
        lock (_owned)
            _owned.Push(resource);
        return resource;
    }

    /// <summary>Lets something go on until the bench is taken down; it stops before the nodes do.</summary>
    public void Continue(Flow flow)
    {
        lock (_flows)
            _flows.Push(flow);
    }

    /// <summary>Sends private messages from one node, at a rate.</summary>
    public Flow Send(int from, double perSecond, Func<string> to, TimeSpan? timeToLive = null) =>
        new(perSecond, async _ => await Node(from).Api.SendAsync(to(), "drill", CancellationToken.None, timeToLive), Time);

    /// <summary>A value that Prometheus knows, or 0 when it has none.</summary>
    public async Task<double> CountAsync(string expression, CancellationToken stop) =>
        (await Monitoring.Prometheus.QueryAsync(expression, stop)) is [var only, ..] ? only.Value : 0;

    /// <summary>True when Prometheus has an alert with these labels firing.</summary>
    public async Task<bool> IsFiringAsync(Labels labels, CancellationToken stop) =>
        (await Monitoring.Prometheus.AlertsAsync(stop)).Any(alert => alert.IsFiring && alert.Labels.Contain(labels));

    /// <summary>Has the drill wait for something.</summary>
    public Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken stop) => Eventually.TrueAsync(condition, what, Time, stop);

    /// <summary>The labels of a node's alert.</summary>
    public static Labels Of(int node) => Labels.Of(("cluster", Stack.Cluster), ("node", string.Create(CultureInfo.InvariantCulture, $"node-{node}")));

    /// <summary>The labels of a node's alert whose rule keeps what the scrape brought.</summary>
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
