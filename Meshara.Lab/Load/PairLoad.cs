using System.Diagnostics;
using Meshara.Node.Storage;

namespace Meshara.Lab.Load;

/// <summary>What one measurement saw.</summary>
/// <param name="Messages">Sent, and arrived.</param>
/// <param name="Elapsed">From the first send to the last arrival.</param>
/// <param name="Cpu">Processor time of this process: both nodes, and what sends and counts.</param>
internal sealed record LoadResult(long Messages, TimeSpan Elapsed, TimeSpan Cpu)
{
    /// <summary>Messages a second, end to end.</summary>
    public double PerSecond => Messages / Elapsed.TotalSeconds;

    /// <summary>Processor time of a message, in microseconds.</summary>
    public double CpuMicroseconds => Cpu.TotalMicroseconds / Messages;
}

/// <summary>
/// Load from one node to another inside this process, over TLS on loopback: from acceptance by the sender to the recipient's inbox,
/// with the signed acknowledgment on its way back.
/// </summary>
/// <param name="payload">Bytes of content of each message.</param>
/// <param name="callers">Callers that send at the same time.</param>
/// <param name="window">Messages on their way at the most.</param>
internal sealed class PairLoad(int payload, int callers = 64, int window = 1024)
{
    private static readonly TimeSpan LastArrivals = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ScrapeInterval = TimeSpan.FromSeconds(1);

    /// <summary>Starts a pair, sends for a while uncounted and then counted, and stops the pair.</summary>
    /// <param name="settings">Of both nodes, next to what <see cref="PairNode"/> sets.</param>
    /// <param name="warmUp">Not counted.</param>
    /// <param name="duration">Counted.</param>
    /// <param name="scraped">Whether both nodes' metrics are read every second meanwhile, as Prometheus would.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    /// <exception cref="InvalidOperationException">A message was lost or arrived twice.</exception>
    public async Task<LoadResult> MeasureAsync(
        IReadOnlyDictionary<string, string?> settings, TimeSpan warmUp, TimeSpan duration, bool scraped, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("meshara-lab-");
        try
        {
            await using var recipient = await PairNode.StartAsync("recipient", Path.Combine(folder.FullName, "recipient"), settings, null, cancellationToken);
            await using var sender = await PairNode.StartAsync("sender", Path.Combine(folder.FullName, "sender"), settings, $"tcp://{recipient.Bound}", cancellationToken);
            if (warmUp > TimeSpan.Zero)
                await SendAsync(sender, recipient, warmUp, cancellationToken);
            if (!scraped)
                return await SendAsync(sender, recipient, duration, cancellationToken);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var scraping = Task.WhenAll(ScrapeAsync(sender, ended.Token), ScrapeAsync(recipient, ended.Token));
            var result = await SendAsync(sender, recipient, duration, cancellationToken);
            await ended.CancelAsync();
            await scraping;
            return result;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Sends for so long and waits until everything has arrived.</summary>
    public async Task<LoadResult> SendAsync(PairNode sender, PairNode recipient, TimeSpan duration, CancellationToken cancellationToken)
    {
        var content = new byte[payload];
        Random.Shared.NextBytes(content);
        using var room = new SemaphoreSlim(window);
        using var receiving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sent = 0L;
        var arrivals = CountAsync(recipient, room, receiving.Token);
        var (cpu, started) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(started) < duration)
            {
                await room.WaitAsync(cancellationToken);
                await sender.Messenger.SendAsync(recipient.Address, content, null, cancellationToken);
                Interlocked.Increment(ref sent);
            }
        }, cancellationToken)));
        // Everything has arrived when all room is free again.
        for (var i = 0; i < window; i++)
        {
            if (!await room.WaitAsync(LastArrivals, cancellationToken))
                throw new InvalidOperationException($"Not all of the {sent} messages arrived within {LastArrivals.TotalSeconds:0} s.");
        }
        var result = new LoadResult(sent, Stopwatch.GetElapsedTime(started), Environment.CpuUsage.TotalTime - cpu);
        await receiving.CancelAsync();
        var arrived = await arrivals;
        return arrived == sent ? result : throw new InvalidOperationException($"{sent} messages were sent, {arrived} arrived.");
    }

    private static async Task ScrapeAsync(PairNode node, CancellationToken cancellationToken)
    {
        using var client = new HttpClient();
        using var timer = new PeriodicTimer(ScrapeInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
                await client.GetByteArrayAsync(node.Metrics, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The measurement has ended.
        }
    }

    private static async Task<long> CountAsync(PairNode recipient, SemaphoreSlim room, CancellationToken cancellationToken)
    {
        var count = 0L;
        try
        {
            await foreach (var _ in recipient.Inbox.FollowAsync(recipient.LastCursor, cancellationToken))
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
}
