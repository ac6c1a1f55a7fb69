using System.Globalization;
using System.Security.Cryptography;
using Meshara.Harness;
using Meshara.Harness.Network;
using Meshara.Harness.Nodes;
using Meshara.Harness.Terminal;
using Meshara.Harness.Traffic;

namespace Meshara.Lab.Drills.SlowLink;

/// <summary>Two nodes send each other large messages at the same time, far more than their link can carry at once.</summary>
internal sealed class SlowLinkDrill(SlowLinkOptions options, StatusConsole console, StopRequests stops, TimeProvider time)
{
    // Multiple of the needed time; well beyond the time allowed. What has not arrived by then is lost.
    private const int Patience = 5;
    private const int Uploads = 4;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ConnectDeadline = TimeSpan.FromSeconds(30);

    private readonly FaultLog _log = new(console, stops, time);
    private readonly MessageTexts _texts = new(RandomNumberGenerator.GetHexString(12, lowercase: true));
    private readonly string _padding = ' ' + new string('x', SlowLinkOptions.MessageBytes - 100);

    /// <summary>Runs the drill.</summary>
    /// <returns>An exit code.</returns>
    /// <exception cref="StackException">It cannot be run.</exception>
    public async Task<int> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("meshara-drill-").FullName;
        var passed = false;
        try
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"Drill slow-link: {options.Messages} messages each way over {options.KilobytesPerSecond} kB/s with {options.Delay.TotalMilliseconds} ms delay; in {folder}"));
            await using var mesh = DrillMesh.Create(
                new DrillOptions { Name = "slow-link", Nodes = 2 }, new Dictionary<string, string>(), hasNetwork: true, new StackFiles(folder), _log, console, time);
            try
            {
                await mesh.StartAsync(stops.Stop);
                var report = await RunAsync(mesh);
                passed = report.Passed;
                if (options.Report is { } file)
                    EndpointsFile.WriteAtomically(file, report.ToJson());
                console.SetLive(null);
                console.WriteLine(report.Summary());
            }
            finally
            {
                console.SetLive(null);
                await mesh.StopAsync(stops.Kill);
            }

            return passed ? ExitCodes.Success : ExitCodes.Failure;
        }
        catch (OperationCanceledException) when (stops.Stop.IsCancellationRequested)
        {
            return ExitCodes.Killed;
        }
        finally
        {
            if (passed)
                Directory.Delete(folder, recursive: true);
            else
                console.WriteLine($"The nodes' folders and logs are in {folder}");
        }
    }

    private async Task<SlowLinkReport> RunAsync(DrillMesh mesh)
    {
        await ConnectAsync(mesh);
        mesh.Network!.Conditions = new LinkConditions { BytesPerSecond = 1000 * options.KilobytesPerSecond, Latency = options.Delay };
        var before = await ReadAsync(mesh);
        var started = time.GetTimestamp();
        var sent = (await Task.WhenAll(SendAsync(mesh.Nodes[0], mesh.Nodes[1]), SendAsync(mesh.Nodes[1], mesh.Nodes[0]))).SelectMany(ids => ids).ToList();
        var heartbeat = await WaitAsync(mesh, started);
        var seconds = time.GetElapsedTime(started).TotalSeconds;
        var after = await ReadAsync(mesh);
        mesh.Network.Conditions = LinkConditions.Good;

        double Grown(string name, params (string, string)[] labels) => after.Sum(node => node.Sum(name, labels)) - before.Sum(node => node.Sum(name, labels));
        var states = await Task.WhenAll(sent.Select(message => message.Sender.Api.TryGetMessageAsync(message.Id, stops.Stop)));
        var arrived = await ArrivedAsync(mesh);
        return new SlowLinkReport
        {
            KilobytesPerSecond = options.KilobytesPerSecond,
            DelayMs = options.Delay.TotalMilliseconds,
            Sent = sent.Count,
            Acknowledged = states.Count(message => message?.State == "acknowledged"),
            Lost = sent.Count(message => !arrived.ContainsKey(message.Id)),
            Duplicates = arrived.Values.Sum(times => times - 1),
            Seconds = Math.Round(seconds, 3),
            NeededSeconds = Math.Round(options.Needed.TotalSeconds, 3),
            RepeatedShare = Grown("meshara_messages_dropped_total", ("reason", "duplicate")) / sent.Count,
            BytesRatio = Math.Round(Grown("meshara_network_bytes_total", ("direction", "out")) / ((double)sent.Count * SlowLinkOptions.MessageBytes), 3),
            ConnectionsLost = Grown("meshara_connections_closed_total"),
            MaxHeartbeatMs = heartbeat,
            Failures = _log.Failures,
        };
    }

    /// <summary>Sends one message each way, so that the measured ones find a connection and keys.</summary>
    private async Task ConnectAsync(DrillMesh mesh)
    {
        var started = time.GetTimestamp();
        using var timer = new PeriodicTimer(Interval, time);
        foreach (var (sender, recipient) in new[] { (mesh.Nodes[0], mesh.Nodes[1]), (mesh.Nodes[1], mesh.Nodes[0]) })
        {
            var answer = await sender.Api.SendAsync(recipient.Address, "warm", stops.Stop);
            while (answer.Id is null || await sender.Api.TryGetMessageAsync(answer.Id, stops.Stop) is not { State: "acknowledged" })
            {
                if (answer.Id is null || time.GetElapsedTime(started) > ConnectDeadline)
                    throw new StackException($"{sender.Name} does not reach {recipient.Name}.", ExitCodes.Failure);
                await timer.WaitForNextTickAsync(stops.Stop);
            }
        }
    }

    private async Task<IReadOnlyList<(DrillNode Sender, string Id)>> SendAsync(DrillNode sender, DrillNode recipient)
    {
        var ids = new string?[options.Messages];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, options.Messages), new ParallelOptions { MaxDegreeOfParallelism = Uploads, CancellationToken = stops.Stop }, async (i, stop) =>
            {
                var answer = await sender.Api.SendAsync(recipient.Address, _texts.Of(i) + _padding, stop);
                ids[i] = answer.Id;
                if (answer.Id is null)
                    _log.Fail($"{sender.Name} did not take a message: {answer.Status?.ToString() ?? answer.Acceptance.ToString()}");
            });
        return [.. ids.OfType<string>().Select(id => (sender, id))];
    }

    /// <summary>Waits until nothing is pending, or far longer than that should take. Returns the longest heartbeat round trip.</summary>
    private async Task<double?> WaitAsync(DrillMesh mesh, long started)
    {
        double? longest = null;
        using var timer = new PeriodicTimer(Interval, time);
        while (time.GetElapsedTime(started) < Patience * options.Needed + ConnectDeadline)
        {
            var health = await Task.WhenAll(mesh.Nodes.Select(node => node.Api.TryGetHealthAsync(stops.Stop)));
            var pending = health.Sum(answer => answer?.PendingMessages);
            console.SetLive(string.Create(CultureInfo.InvariantCulture, $"{time.GetElapsedTime(started):hh\\:mm\\:ss}  pending {pending}"));
            foreach (var peers in await Task.WhenAll(mesh.Nodes.Select(node => node.Api.TryGetPeersAsync(stops.Stop))))
            {
                if (peers?.Max(peer => peer.RttMs) is { } roundTrip && !(longest >= roundTrip))
                    longest = roundTrip;
            }

            if (pending == 0 && health.All(answer => answer is not null))
                break;
            await timer.WaitForNextTickAsync(stops.Stop);
        }

        return longest;
    }

    private async Task<NodeMetrics[]> ReadAsync(DrillMesh mesh) => await Task.WhenAll(mesh.Nodes.Select(async node =>
        await node.TryGetMetricsAsync(stops.Stop) ?? throw new StackException($"the metrics of {node.Name} cannot be read", ExitCodes.Failure)));

    /// <summary>The number of copies of each message in the inboxes.</summary>
    private async Task<Dictionary<string, int>> ArrivedAsync(DrillMesh mesh)
    {
        var arrived = new Dictionary<string, int>();
        foreach (var node in mesh.Nodes)
        {
            for (var after = 0L; ;)
            {
                var page = await node.Api.TryReadInboxAsync(after, limit: 20, stops.Stop)
                    ?? throw new StackException($"the inbox of {node.Name} cannot be read", ExitCodes.Failure);
                if (page.Messages.Count == 0)
                    break;
                foreach (var message in page.Messages.Where(message => message.Text!.EndsWith(_padding, StringComparison.Ordinal)))
                    arrived[message.Id] = arrived.GetValueOrDefault(message.Id) + 1;
                after = page.Next;
            }
        }

        return arrived;
    }
}
