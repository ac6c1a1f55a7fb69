using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Meshara.Node.Identity;
using Meshara.Node.Telemetry;

namespace Meshara.Lab.Load;

/// <summary>
/// The hidden command <c>pair-node</c>: one node of a pair in its own process, driven by orders on standard input. Sending and counting
/// happen in this process, so that no HTTP comes between the load and the node, and the figures are of this node alone.
/// </summary>
internal sealed class PairRole : IAsyncDisposable
{
    /// <summary>Name of the command.</summary>
    public const string CommandName = "pair-node";

    // The limit of a node per metric (ServiceDefaultsOptions.MaxSeriesPerMetric).
    private const int SeriesPerInstrument = 200;

    private static readonly TimeSpan LastAcknowledgments = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private PairNode? _node;
    private ArrivalCount? _arrivals;
    private ProcessUse _begun = ProcessUse.Now();

    /// <summary>Executes orders until the input ends.</summary>
    public static async Task<int> RunAsync(TextReader input, TextWriter output)
    {
        await using var role = new PairRole();
        // Each read blocks, so it gets its own thread and leaves the pool's threads to the node.
        while (await Task.Factory.StartNew(input.ReadLine, TaskCreationOptions.LongRunning) is { } line)
        {
            var answer = await role.TryObeyAsync(JsonSerializer.Deserialize<PairOrder>(line, PairAnswer.Json)!);
            await output.WriteLineAsync(JsonSerializer.Serialize(answer, PairAnswer.Json));
            await output.FlushAsync();
        }
        return 0;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_arrivals is not null)
            await _arrivals.DisposeAsync();
        if (_node is not null)
            await _node.DisposeAsync();
        _stop.Dispose();
    }

    private async Task<PairAnswer> TryObeyAsync(PairOrder order)
    {
        try
        {
            return await (order switch
            {
                StartNode start => StartAsync(start),
                BeginCount => Task.FromResult<PairAnswer>(Begin()),
                EndCount end => EndAsync(end.Arrivals),
                SendMessages send => SendAsync(send),
                CreateSeries series => Task.FromResult<PairAnswer>(Create(series.Count)),
                _ => throw new InvalidOperationException($"There is no order {order.GetType().Name}."),
            });
        }
        catch (Exception e)
        {
            // The process that gave the order ends the measurement.
            return new OrderFailed(e.Message);
        }
    }

    private PairNode Node => _node ?? throw new InvalidOperationException("The node was not started.");

    private async Task<PairAnswer> StartAsync(StartNode order)
    {
        _node = await PairNode.StartAsync(order.Name, order.Folder, order.Settings, order.Bootstrap, _stop.Token);
        _arrivals = new ArrivalCount(_node);
        return new NodeStarted(_node.Address.ToString(), _node.Bound.ToString(), _node.Metrics);
    }

    private CountBegun Begin()
    {
        _arrivals!.Reset();
        // Earlier garbage must not be collected during this count.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        _begun = ProcessUse.Now();
        return new CountBegun();
    }

    private async Task<PairAnswer> EndAsync(long expected)
    {
        await _arrivals!.ReachAsync(expected);
        var use = ProcessUse.Now();
        return new NodeCount(
            _arrivals.Count, _arrivals.Damaged, _arrivals.Summary(), use.Cpu - _begun.Cpu, use.Allocated - _begun.Allocated,
            use.Collections - _begun.Collections, use.Pauses - _begun.Pauses, use.CompiledMethods - _begun.CompiledMethods, Environment.WorkingSet);
    }

    private async Task<PairAnswer> SendAsync(SendMessages order)
    {
        NodeAddress[] recipients = [.. order.Recipients.Select(NodeAddress.Parse)];
        var content = PairContent.Of(order.Payload);
        var sent = 0L;
        var started = Stopwatch.GetTimestamp();
        await PacedLoad.RunAsync(order.Load, order.Duration, SendOneAsync);
        var last = Stopwatch.GetTimestamp();
        while (Node.PendingMessages > 0)
        {
            if (Stopwatch.GetElapsedTime(last) > LastAcknowledgments)
                throw new InvalidOperationException($"{Node.PendingMessages} of {sent} messages were not acknowledged within {LastAcknowledgments.TotalSeconds:0} s.");
            await Task.Delay(1, _stop.Token);
        }
        // Recipients take turns, so the first ones may have got one more.
        var perRecipient = order.Recipients.Select((address, i) => (address, count: (sent + recipients.Length - 1 - i) / recipients.Length));
        return new MessagesSent(sent, Stopwatch.GetElapsedTime(started), perRecipient.ToDictionary(part => part.address, part => part.count));

        async Task SendOneAsync()
        {
            await WaitForRoomAsync(order.Load.Window);
            var recipient = recipients[(Interlocked.Increment(ref sent) - 1) % recipients.Length];
            await Node.Messenger.SendAsync(recipient, content, null, _stop.Token);
        }
    }

    private SeriesCreated Create(int count)
    {
        // The container disposes it with the node.
        var meter = Node.Get<IMeterFactory>().Create(MeshTelemetry.Name);
        for (var i = 0; i < count; i++)
        {
            meter.CreateCounter<long>($"meshara.lab.{i / SeriesPerInstrument}")
                .Add(1, new("reason", $"reason_{i % SeriesPerInstrument}"), new KeyValuePair<string, object?>("message_type", "private"));
        }
        return new SeriesCreated();
    }

    /// <summary>
    /// Polls, because the node has no signal for this and adding one would change the measurement. A millisecond is a twentieth
    /// of the window.
    /// </summary>
    private async ValueTask WaitForRoomAsync(int window)
    {
        while (Node.PendingMessages >= window)
            await Task.Delay(1, _stop.Token);
    }
}
