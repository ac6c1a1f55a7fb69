using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Network;
using Meshara.Lab.Drills.Alerts.Faults;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>
/// Drills of the objectives. Slow burn rates are a share of all messages, so these drills count the messages so far: each aims between
/// the burn rate of its alert and the next higher one.
/// </summary>
internal static class ObjectiveDrills
{
    private const string Latencies = "sum(meshara_message_latency_seconds_count{message_type=\"private\"})";
    private const string Acknowledged = "sum(meshara_messages_completed_total{outcome=\"acknowledged\"})";

    // There and back takes longer than the objective of one second.
    private static readonly LinkConditions Slow = new() { Latency = TimeSpan.FromMilliseconds(600) };

    public static AlertDrill LatencySlow { get; } = new()
    {
        Alert = "LatencyErrorBudgetBurnSlow",
        Fault = "makes 4.5 % of all messages so far slow, by the links of node-3",
        Needs = DrillNeeds.Linux,
        BeforeAsync = async (bench, stop) =>
        {
            // Only messages of this drill may involve node-3.
            bench.Node(3).GetsMessages = bench.Node(3).TakesMessages = false;
            await using var traffic = bench.Send(1, 20, () => bench.Node(2).Address);
            await bench.UntilAsync(async () => await bench.CountAsync(Latencies, stop) >= 270, "there was enough traffic", stop);
        },
        BreakAsync = async (bench, stop) =>
        {
            bench.Mesh.Network!.SetConditions(3, Slow);
            await SendAsync(bench, (int)Math.Max(12, 0.045 * await bench.CountAsync(Latencies, stop)), bench.Node(3).Address, stop);
            return new Undo(() =>
            {
                bench.Mesh.Network.SetConditions(3, LinkConditions.Good);
                // Slow messages stay in the counters; it takes many fast ones to lower their share.
                bench.Continue(bench.Send(1, 60, () => bench.Node(2).Address));
            });
        },
        Expected = _ => [Labels.Of(("cluster", Stack.Cluster))],
    };

    public static AlertDrill LatencyFast { get; } = new()
    {
        Alert = "LatencyErrorBudgetBurnFast",
        Fault = "puts 0.6 s of delay on every link",
        Needs = DrillNeeds.Linux,
        BreakAsync = (bench, _) =>
        {
            bench.Mesh.Network!.Conditions = Slow;
            var traffic = bench.Send(1, 150, () => bench.Node(2).Address);
            return Task.FromResult<IAsyncDisposable>(new Undo(async () =>
            {
                await traffic.DisposeAsync();
                bench.Mesh.Network.Conditions = LinkConditions.Good;
                bench.Continue(bench.Send(1, 60, () => bench.Node(2).Address));
            }));
        },
        Expected = _ => [Labels.Of(("cluster", Stack.Cluster))],
        Quiet = [Labels.Of(("cluster", Stack.Cluster), ("alertname", "LatencyErrorBudgetBurnSlow"))],
    };

    public static AlertDrill DeliverySlow { get; } = new()
    {
        Alert = "DeliveryErrorBudgetBurnSlow",
        Fault = "lets 0.45 % of all messages so far wait for somebody who is away, until that comes back",
        BeforeAsync = (bench, stop) => bench.UntilAsync(async () => await bench.CountAsync(Acknowledged, stop) >= 2700, "there was enough traffic", stop),
        BreakAsync = async (bench, stop) =>
        {
            var guest = Guest.Create(bench);
            await SendAsync(bench, (int)Math.Max(12, 0.0045 * await bench.CountAsync(Acknowledged, stop)), guest.Address, stop);
            return new Undo(() => guest.ArriveAsync(bench, stop));
        },
        Expected = _ => [Labels.Of(("cluster", Stack.Cluster))],
    };

    public static AlertDrill DeliveryFast { get; } = new()
    {
        Alert = "DeliveryErrorBudgetBurnFast",
        Fault = "lets a third of all messages wait for somebody who is away, until that comes back",
        BreakAsync = async (bench, stop) =>
        {
            var guest = Guest.Create(bench);
            await SendAsync(bench, 200, guest.Address, stop);
            var traffic = bench.Send(1, 25, () => guest.Address);
            return new Undo(async () =>
            {
                await traffic.DisposeAsync();
                await guest.ArriveAsync(bench, stop);
            });
        },
        Expected = _ => [Labels.Of(("cluster", Stack.Cluster))],
        Quiet = [Labels.Of(("cluster", Stack.Cluster), ("alertname", "DeliveryErrorBudgetBurnSlow"))],
    };

    /// <summary>Short retry intervals, because only the rules' time is accelerated.</summary>
    public static IReadOnlyDictionary<string, string> Impatience { get; } = new Dictionary<string, string>
    {
        ["Delivery__RetryBase"] = "00:00:01",
        ["Delivery__RetryCap"] = "00:00:02",
    };

    public static AlertDrill NothingDelivered { get; } = new()
    {
        Alert = "NothingDelivered",
        Fault = "sends three messages, and no others, to somebody who is away, until that comes back",
        PrepareAsync = (bench, _) =>
        {
            foreach (var node in bench.Mesh.Nodes)
                node.GetsMessages = false;
            return Task.CompletedTask;
        },
        BreakAsync = async (bench, stop) =>
        {
            var guest = Guest.Create(bench);
            await SendAsync(bench, 3, guest.Address, stop);
            return new Undo(() => guest.ArriveAsync(bench, stop));
        },
        Expected = _ => [Labels.Of(("cluster", Stack.Cluster))],
    };

    private static Task SendAsync(AlertBench bench, int count, string to, CancellationToken stop) =>
        Parallel.ForEachAsync(Enumerable.Range(0, count), stop, async (number, token) =>
            await bench.Node(1).Api.SendAsync(to, number.ToString(CultureInfo.InvariantCulture), token));
}
