namespace Meshara.ServiceDefaults.Logging;

/// <summary>
/// Carries lines from any thread to one sink on a thread of its own, so that a log call never waits for a pipe or a
/// disk. The queue is bounded in bytes: when the sink is blocked the newest lines are dropped, counted and, once
/// writing goes on, reported in their place: also when nobody has anything more to say.
/// </summary>
internal sealed class LineWriter : IDisposable
{
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How often a loss that could not be reported is reported again while no line comes.</summary>
    private static readonly TimeSpan NoticeInterval = TimeSpan.FromSeconds(2);

    private readonly ILineSink _sink;
    private readonly long _capacity;
    private readonly Func<long, byte[]> _lossNotice;
    private readonly Action<long> _countLoss;
    private readonly Thread _thread;
    private readonly object _gate = new();
    private List<byte[]> _queue = [];
    private long _queuedBytes;
    private long _dropped;
    private bool _writing;
    private bool _closed;

    /// <param name="lossNotice">The line that says so many lines were lost.</param>
    /// <param name="countLoss">Told of each loss at once, from any thread.</param>
    public LineWriter(string name, ILineSink sink, long capacityBytes, Func<long, byte[]> lossNotice, Action<long> countLoss)
    {
        (_sink, _capacity, _lossNotice, _countLoss) = (sink, capacityBytes, lossNotice, countLoss);
        // A thread and not a task: it blocks in write(2), which must not cost the thread pool a thread.
        _thread = new Thread(Run) { IsBackground = true, Name = $"log writer {name}" };
        _thread.UnsafeStart();
    }

    public void Enqueue(byte[] line)
    {
        lock (_gate)
        {
            if (_closed || _queuedBytes + line.Length > _capacity)
            {
                _dropped++;
                _countLoss(1);
                return;
            }
            _queue.Add(line);
            _queuedBytes += line.Length;
            if (_queue.Count == 1)
                Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until everything enqueued so far is written; false when the time was not enough.</summary>
    public bool Flush(TimeSpan timeout)
    {
        var deadline = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        lock (_gate)
        {
            while (_queue.Count > 0 || _writing)
            {
                var left = deadline - Environment.TickCount64;
                if (left <= 0)
                    return false;
                Monitor.Wait(_gate, TimeSpan.FromMilliseconds(left));
            }
            return true;
        }
    }

    /// <summary>Writes what is queued and ends; gives up after two seconds, since the reader of a pipe may be gone or stopped.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
        if (Thread.CurrentThread != _thread)
            _thread.Join(ShutdownTimeout);
    }

    private void Run()
    {
        List<byte[]> batch = [];
        long lost = 0;
        while (Take(ref batch, ref lost))
        {
            var refused = _sink.Write(batch);
            lost += refused;
            _countLoss(refused);
            // At the first pause after a loss; a notice that is lost itself is written again later, with the next lines or without any.
            if (lost > 0 && _sink.Write([_lossNotice(lost)]) == 0)
                lost = 0;
            batch.Clear();
            lock (_gate)
            {
                _writing = false;
                Monitor.PulseAll(_gate);
            }
        }
        _sink.Dispose();
    }

    /// <summary>
    /// Waits for lines and takes them all: none when there is only a loss to report, once more. False when there are none and there will be none.
    /// </summary>
    private bool Take(ref List<byte[]> batch, ref long lost)
    {
        lock (_gate)
        {
            while (_queue.Count == 0 && _dropped == 0)
            {
                if (_closed)
                    return false;
                if (!Monitor.Wait(_gate, lost > 0 ? NoticeInterval : Timeout.InfiniteTimeSpan))
                    break;
            }
            (batch, _queue) = (_queue, batch);
            lost += _dropped;
            (_queuedBytes, _dropped, _writing) = (0, 0, true);
            return true;
        }
    }
}
