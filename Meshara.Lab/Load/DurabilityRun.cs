using System.Diagnostics;
using System.Text.Json;
using Meshara.AppHost.Local;
using Meshara.Node.Storage;

namespace Meshara.Lab.Load;

/// <summary>
/// What durability costs: the same load between two nodes, with storage in memory and on disk in turn, so that a machine that is
/// busy with something else slows down both alike.
/// </summary>
internal sealed class DurabilityRun(DurabilityOptions options, StatusConsole console)
{
    private static readonly string[] Modes = ["memory", "normal"];

    /// <summary>Runs the rounds, says what was seen, and writes the report.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // The first round of each mode pays for compilation and is not counted.
        foreach (var mode in Modes)
            await MeasureAsync(mode, cancellationToken);
        var rounds = new List<DurabilityRound>();
        for (var i = 1; i <= options.Rounds; i++)
        {
            var round = new DurabilityRound(await MeasureAsync("memory", cancellationToken), await MeasureAsync("normal", cancellationToken));
            rounds.Add(round);
            console.WriteLine($"round {i}: memory {round.MemoryPerSecond:0}/s, normal {round.NormalPerSecond:0}/s, ratio {round.Ratio:0.00}");
        }
        var report = new DurabilityReport(options.Payload, rounds, Median(rounds.Select(round => round.Ratio)));
        console.WriteLine($"median ratio {report.MedianRatio:0.00}");
        if (options.Report is { } path)
            await File.WriteAllTextAsync(path, JsonSerializer.Serialize(report, DurabilityReport.Json), cancellationToken);
        return 0;
    }

    /// <summary>Messages a second from acceptance by one node to the other's inbox, at most <see cref="DurabilityOptions.Window"/> of them on their way.</summary>
    private async Task<double> MeasureAsync(string mode, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("meshara-lab-");
        try
        {
            await using var recipient = await PairNode.StartAsync("recipient", Path.Combine(folder.FullName, "recipient"), mode, null, cancellationToken);
            await using var sender = await PairNode.StartAsync("sender", Path.Combine(folder.FullName, "sender"), mode, recipient, cancellationToken);
            return await LoadAsync(sender, recipient, cancellationToken);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task<double> LoadAsync(PairNode sender, PairNode recipient, CancellationToken cancellationToken)
    {
        var content = new byte[options.Payload];
        Random.Shared.NextBytes(content);
        using var room = new SemaphoreSlim(options.Window);
        using var receiving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sent = 0L;
        var arrivals = CountAsync(recipient.Inbox, room, receiving.Token);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, options.Callers).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(started) < options.For)
            {
                await room.WaitAsync(cancellationToken);
                await sender.Messenger.SendAsync(recipient.Address, content, null, cancellationToken);
                Interlocked.Increment(ref sent);
            }
        }, cancellationToken)));
        // Everything has arrived when all room is free again.
        for (var i = 0; i < options.Window; i++)
            await room.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(started);
        await receiving.CancelAsync();
        var arrived = await arrivals;
        return arrived == sent ? sent / elapsed.TotalSeconds : throw new InvalidOperationException($"{sent} messages were sent, {arrived} arrived.");
    }

    private static async Task<long> CountAsync(IInbox inbox, SemaphoreSlim room, CancellationToken cancellationToken)
    {
        var count = 0L;
        try
        {
            await foreach (var _ in inbox.FollowAsync(0, cancellationToken))
            {
                count++;
                room.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // All have arrived.
        }
        return count;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
