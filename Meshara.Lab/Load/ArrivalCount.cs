
using Meshara.Harness.Traffic;

namespace Meshara.Lab.Load;

/// <summary>Follows a node's inbox as an application would, and counts messages.</summary>
internal sealed class ArrivalCount : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;
    private LatencyHistogram _latencies = new();
    private TaskCompletionSource? _reached;
    private long _awaited;

    public ArrivalCount(PairNode node) => _following = FollowAsync(node);

    /// <summary>Messages since the last reset.</summary>
    public long Count { get; private set; }

    /// <summary>Number of those whose content differs from what was sent.</summary>
    public long Damaged { get; private set; }

    public void Reset()
    {
        lock (_gate)
            (Count, Damaged, _latencies) = (0, 0, new LatencyHistogram());
    }

    /// <summary>Waits until this many messages have arrived, at most 30 s; then fewer are counted.</summary>
    public async Task ReachAsync(long count)
    {
        Task reached;
        lock (_gate)
        {
            if (Count >= count)
                return;
            (_awaited, _reached) = (count, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            reached = _reached.Task;
        }
        await Task.WhenAny(reached, Task.Delay(Deadline));
    }

    public LatencySummary? Summary()
    {
        lock (_gate)
            return LatencySummary.Of(_latencies);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _stop.Dispose();
    }

    private async Task FollowAsync(PairNode node)
    {
        try
        {
            await foreach (var message in node.Inbox.FollowAsync(node.LastCursor, _stop.Token))
            {
                // Both processes use the same machine's clock.
                var latency = DateTimeOffset.UtcNow - message.SentAt;
                var whole = PairContent.IsWhole(message.Content.Span);
                lock (_gate)
                {
                    Count++;
                    Damaged += whole ? 0 : 1;
                    _latencies.Record(latency);
                    if (Count >= _awaited)
                        _reached?.TrySetResult();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Expected: the measurement has ended.
        }
    }
}
