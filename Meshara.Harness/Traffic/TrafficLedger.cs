using Meshara.Harness.Nodes;

namespace Meshara.Harness.Traffic;

/// <summary>
/// Tracks the messages sent in a run and their arrivals. Each message's text contains the run and a number, so that messages of other
/// runs and from other senders do not count. Thread-safe.
/// </summary>
internal sealed class TrafficLedger(string run, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly MessageTexts _texts = new(run);
    private readonly Dictionary<long, Pending> _private = [];
    private readonly Dictionary<long, HashSet<int>> _broadcasts = [];
    private readonly LatencyHistogram _latencies = new();
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _number;
    private long _sent;
    private long _delivered;
    private long _lost;
    private long _unclear;
    private long _broadcastCount;
    private long _expected;
    private long _covered;
    private bool _closed;

    /// <summary>Completes once the ledger is closed and no message can still arrive.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Records a private message that is about to be sent.</summary>
    /// <param name="recipient">Index of the node it is for.</param>
    public Entry Send(int recipient)
    {
        lock (_gate)
        {
            _sent++;
            _private.Add(++_number, new Pending(recipient, time.GetTimestamp()));
            return new Entry(_number, _texts.Of(_number));
        }
    }

    /// <summary>Records a broadcast that is about to be sent.</summary>
    /// <param name="recipients">Indices of the nodes that should get it: all running nodes except its sender.</param>
    public Entry Broadcast(IEnumerable<int> recipients)
    {
        lock (_gate)
        {
            var missing = recipients.ToHashSet();
            _broadcastCount++;
            _expected += missing.Count;
            _broadcasts.Add(++_number, missing);
            return new Entry(_number, _texts.Of(_number));
        }
    }

    /// <summary>Records the answer of the sender's node. A message without an answer may still arrive.</summary>
    public void Answered(Entry entry, Acceptance acceptance)
    {
        ArgumentNullException.ThrowIfNull(entry);
        lock (_gate)
        {
            if (acceptance == Acceptance.Refused)
            {
                _broadcasts.Remove(entry.Number);
                if (_private.Remove(entry.Number))
                    _lost++;
            }
            else if (acceptance == Acceptance.Unknown && _private.TryGetValue(entry.Number, out var pending))
            {
                pending.IsUnclear = true;
                _unclear++;
            }

            CheckSettled();
        }
    }

    /// <summary>Removes a message that a node did not accept because the mesh was told to stop meanwhile.</summary>
    public void Withdraw(Entry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        lock (_gate)
        {
            if (_private.Remove(entry.Number))
                _sent--;
            if (_broadcasts.Remove(entry.Number, out var missing))
            {
                _broadcastCount--;
                _expected -= missing.Count;
            }

            CheckSettled();
        }
    }

    /// <summary>Records a message seen in a node's inbox. Repeated arrivals of the same message are ignored.</summary>
    public void Arrived(int node, InboxArrival arrival)
    {
        ArgumentNullException.ThrowIfNull(arrival);
        if (_texts.NumberOf(arrival.Text) is not { } number)
            return;
        lock (_gate)
        {
            if (arrival.IsBroadcast)
                ArrivedBroadcast(number, node);
            else if (_private.TryGetValue(number, out var pending) && pending.Recipient == node)
                ArrivedPrivate(number, pending);
            CheckSettled();
        }
    }

    /// <summary>Records that a node has ended, so that no further arrivals will be seen there.</summary>
    /// <param name="node">Its index.</param>
    /// <param name="asked">
    /// True if it was told to stop (Ctrl+C in a terminal reaches the nodes as well as the host). Messages in flight to it are then removed:
    /// they count neither as delivered nor as failed, because their arrival can no longer be seen.
    /// </param>
    public void Gone(int node, bool asked)
    {
        lock (_gate)
        {
            foreach (var (number, pending) in _private.Where(entry => entry.Value.Recipient == node).ToList())
            {
                _private.Remove(number);
                _unclear -= pending.IsUnclear ? 1 : 0;
                _sent -= asked ? 1 : 0;
                _lost += asked ? 0 : 1;
            }

            foreach (var missing in _broadcasts.Values)
                _expected -= missing.Remove(node) && asked ? 1 : 0;
            CheckSettled();
        }
    }

    /// <summary>Closes the ledger: no more messages are sent, so <see cref="Settled"/> can complete.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            CheckSettled();
        }
    }

    /// <summary>The counts so far.</summary>
    public TrafficCounts Count()
    {
        lock (_gate)
            return Counts(_lost + _unclear);
    }

    /// <summary>The final counts, in which every message that has not arrived counts as failed.</summary>
    public TrafficCounts CountFinally()
    {
        lock (_gate)
            return Counts(_sent - _delivered);
    }

    private TrafficCounts Counts(long failed) => new(
        _sent, _delivered, failed, _latencies.QuantileMs(0.5), _latencies.QuantileMs(0.99),
        _broadcastCount, _expected == 0 ? null : (double)_covered / _expected);

    private void ArrivedPrivate(long number, Pending pending)
    {
        _private.Remove(number);
        _unclear -= pending.IsUnclear ? 1 : 0;
        _delivered++;
        _latencies.Record(time.GetElapsedTime(pending.SentAt));
    }

    private void ArrivedBroadcast(long number, int node)
    {
        if (!_broadcasts.TryGetValue(number, out var missing) || !missing.Remove(node))
            return;
        _covered++;
        if (missing.Count == 0)
            _broadcasts.Remove(number);
    }

    private void CheckSettled()
    {
        if (_closed && _private.Count == 0 && _broadcasts.Values.All(missing => missing.Count == 0))
            _settled.TrySetResult();
    }

    /// <summary>A message in the ledger.</summary>
    /// <param name="Number">Its number in this run.</param>
    /// <param name="Text">The text to send.</param>
    internal sealed record Entry(long Number, string Text);

    private sealed record Pending(int Recipient, long SentAt)
    {
        public bool IsUnclear { get; set; }
    }
}
