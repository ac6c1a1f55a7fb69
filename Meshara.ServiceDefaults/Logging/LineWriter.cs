namespace Meshara.ServiceDefaults.Logging;

/// <summary>
/// Passes lines from any thread to one sink on a dedicated thread, so that a log call never waits for a pipe or a disk. The
/// queue is bounded in bytes: while the sink is blocked, the newest lines are dropped and counted. The loss is reported in
/// their place once writing works again, even if no further line is logged.
/// </summary>
internal sealed class LineWriter : IDisposable
{
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How often an unreported loss is retried while no line arrives.</summary>
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

    /// <param name="lossNotice">Creates the line that reports the given number of lost lines.</param>
    /// <param name="countLoss">Called at once for each loss, from any thread.</param>
    public LineWriter(string name, ILineSink sink, long capacityBytes, Func<long, byte[]> lossNotice, Action<long> countLoss)
    {
        (_sink, _capacity, _lossNotice, _countLoss) = (sink, capacityBytes, lossNotice, countLoss);
        // A thread and not a task: it blocks in write(2), which would cost the thread pool a thread.
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

    /// <summary>Waits until everything enqueued so far is written; false if the timeout elapses first.</summary>
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

    /// <summary>
    /// Writes the queued lines and ends; gives up after two seconds, since a pipe's reader may be gone or stopped.
    /// </summary>
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
            // Report a loss at the first pause after it; a lost notice is retried with the next lines, or on its own.
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
    /// Waits for lines and takes them all; takes none if only a loss is left to report. Returns false once the writer is closed
    /// and nothing is left.
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
