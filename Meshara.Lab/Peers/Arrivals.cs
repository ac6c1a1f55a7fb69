using System.Buffers.Binary;
using System.Collections;
using System.Diagnostics;
using Meshara.Harness.Traffic;
using Meshara.Lab.Load;

namespace Meshara.Lab.Peers;

/// <summary>
/// Numbers the messages of a broker's load, and counts and times those that arrive. Sender and recipient are in this process and read
/// one clock.
/// </summary>
internal sealed class Arrivals
{
    /// <summary>Bytes of a message's number and of the time when it was sent.</summary>
    public const int HeaderBytes = 2 * sizeof(long);

    private readonly Lock _gate = new();
    private readonly BitArray _seen = new(1 << 20);
    private LatencyHistogram _latencies = new();
    private TaskCompletionSource? _reached;
    private long _awaited;
    private long _damaged;

    /// <summary>Different messages since the last reset.</summary>
    public long Count { get; private set; }

    /// <summary>Arrivals of messages that had arrived before.</summary>
    public long Doubled { get; private set; }

    /// <summary>Quantiles of the latencies since the last reset; null without arrivals.</summary>
    public LatencySummary? Summary()
    {
        lock (_gate)
            return LatencySummary.Of(_latencies);
    }

    /// <summary>Begins a new count; numbers go on.</summary>
    public void Reset()
    {
        lock (_gate)
            (Count, Doubled, _latencies) = (0, 0, new LatencyHistogram());
    }

    /// <summary>The content of a message that is sent now.</summary>
    /// <param name="number">Its number, used once.</param>
    /// <param name="payload">Its size, at least <see cref="HeaderBytes"/>.</param>
    public static byte[] Content(int number, int payload)
    {
        byte[] content = [.. PairContent.Of(payload)];
        BinaryPrimitives.WriteInt64LittleEndian(content, number);
        BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(sizeof(long)), Stopwatch.GetTimestamp());
        return content;
    }

    /// <summary>Records an arrival.</summary>
    /// <returns>False if the message had arrived before.</returns>
    public bool Record(ReadOnlySpan<byte> content)
    {
        var now = Stopwatch.GetTimestamp();
        var number = (int)BinaryPrimitives.ReadInt64LittleEndian(content);
        var latency = Stopwatch.GetElapsedTime(BinaryPrimitives.ReadInt64LittleEndian(content[sizeof(long)..]), now);
        var whole = content[HeaderBytes..].SequenceEqual(PairContent.Of(content.Length).AsSpan(HeaderBytes));
        lock (_gate)
        {
            if (number >= _seen.Length)
                _seen.Length = Math.Max(number + 1, 2 * _seen.Length);
            if (_seen[number])
            {
                Doubled++;
                return false;
            }
            _seen[number] = true;
            _damaged += whole ? 0 : 1;
            _latencies.Record(latency);
            if (++Count >= _awaited)
                _reached?.TrySetResult();
            return true;
        }
    }

    /// <summary>Waits until this many messages have arrived.</summary>
    /// <exception cref="InvalidOperationException">Not all arrived in time, or some were damaged.</exception>
    public async Task ReachAsync(long count, TimeSpan deadline, CancellationToken cancellationToken)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            (_awaited, _reached) = (count, reached);
            if (Count >= count)
                reached.SetResult();
        }
        await Task.WhenAny(reached.Task, Task.Delay(deadline, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (Count < count || _damaged > 0)
                throw new InvalidOperationException($"{count} messages were sent, {Count} arrived, {_damaged} of them damaged.");
        }
    }
}
