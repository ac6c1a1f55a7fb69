using Meshara.Node.Identity;
using Meshara.Node.Transport;

namespace Meshara.Node.Delivery;

/// <summary>
/// The pending messages of one recipient, in order of acceptance: those ready to be attempted, and those handed over and
/// waiting for an acknowledgment. One worker attempts at a time. A failure pauses the whole queue. Until the recipient is known
/// to be reachable again, only one message is in flight, so an unreachable recipient costs one probe per pause, however many
/// messages wait; the waiting messages take turns as the probe. Not safe for concurrent use: <see cref="Outbox"/> holds its
/// lock.
/// </summary>
/// <param name="recipient">The recipient of all the messages.</param>
/// <param name="window">The most messages in flight; <paramref name="passage"/> limits the bytes.</param>
/// <param name="passage">The measured path to the recipient.</param>
internal sealed class RecipientQueue(NodeAddress recipient, int window, Passage passage)
{
    private readonly PriorityQueue<OutgoingMessage, Protocol.MessageId> _ready = new();
    private readonly Queue<OutgoingMessage> _doubted = new();
    private readonly HashSet<OutgoingMessage> _inFlight = [];
    private long _bytes; // of those in flight
    private int _failures;
    private int _refusals;
    private bool _paused;
    private bool _busy;

    public NodeAddress Recipient { get; } = recipient;

    /// <summary>Cancels the current search for a recipient that is not connected; null if there is none.</summary>
    public CancellationTokenSource? Probe { get; set; }

    public bool IsEmpty => _ready.Count == 0 && _doubted.Count == 0 && _inFlight.Count == 0 && !_busy;

    public int InFlight => _inFlight.Count;

    public Passage Passage => passage;

    /// <summary>Consecutive failed probes; 0 while the recipient is reachable as far as is known.</summary>
    public int Failures => _failures;

    // After a failure or a refusal the next message is a probe.
    private bool IsFull => _inFlight.Count >= (_failures > 0 || _refusals > 0 ? 1 : window) || _bytes >= passage.Window;

    public void AddReady(OutgoingMessage message) => _ready.Enqueue(message, message.Id);

    /// <summary>True when a worker should be given this queue; it then counts as busy.</summary>
    public bool TryClaim()
    {
        if (_busy || _paused || _ready.Count + _doubted.Count == 0 || IsFull)
            return false;
        return _busy = true;
    }

    /// <summary>Gives the queue back, whatever it contains.</summary>
    public void Release() => _busy = false;

    /// <summary>The next message to attempt, counted as in flight; null gives the queue back.</summary>
    public OutgoingMessage? Take()
    {
        while (!_paused && !IsFull && (_ready.TryDequeue(out var message, out _) || _doubted.TryDequeue(out message)))
        {
            if (message.IsFinished)
                continue;
            _inFlight.Add(message);
            _bytes += message.Bytes;
            return message;
        }
        _busy = false;
        return null;
    }

    /// <summary>
    /// The recipient is reachable: it has connected, was handed a message, or has answered one. A relay accepting a message
    /// says nothing about the recipient.
    /// </summary>
    public void Reached()
    {
        while (_doubted.TryDequeue(out var message))
            AddReady(message);
        _failures = 0;
        _paused = false;
    }

    /// <summary>An attempt reached nobody: the message waits with all others.</summary>
    /// <param name="message">The message that could not be delivered.</param>
    /// <param name="failures">Consecutive failed probes.</param>
    /// <returns>True if this failure starts a pause; false if the queue is paused already.</returns>
    public bool Failed(OutgoingMessage message, out int failures)
    {
        Return(message);
        var begins = !_paused;
        _paused = true;
        failures = begins ? ++_failures : _failures;
        return begins;
    }

    /// <summary>The recipient has no room: the message waits with all others. Only accepting a message ends the probing.</summary>
    /// <param name="message">The refused message.</param>
    /// <param name="refusals">Consecutive refused probes.</param>
    /// <returns>True if this refusal starts a pause; false if the queue is paused already.</returns>
    public bool Refused(OutgoingMessage message, out int refusals)
    {
        Return(message);
        var begins = !_paused;
        _paused = true;
        refusals = begins ? ++_refusals : Math.Max(_refusals, 1);
        return begins;
    }

    /// <summary>The recipient took a message, so it has room again.</summary>
    public void Accepted() => _refusals = 0;

    /// <summary>
    /// A message that a relay took was not acknowledged in time. No pause follows that wait, but the next message is a probe,
    /// and a different one if there is one: the recipient may fail to answer only this message.
    /// </summary>
    /// <returns>False if the message was not in flight.</returns>
    public bool Doubt(OutgoingMessage message)
    {
        if (!Remove(message))
            return false;
        _failures++;
        if (!message.IsFinished)
            _doubted.Enqueue(message);
        return true;
    }

    /// <summary>Makes a message that was in flight ready again; false if it was not in flight.</summary>
    public bool Return(OutgoingMessage message)
    {
        if (!Remove(message))
            return false;
        if (!message.IsFinished)
            AddReady(message);
        return true;
    }

    /// <summary>Adds messages that lack only a signature until <paramref name="batch"/> holds <paramref name="limit"/>.</summary>
    public void AddUnsigned(List<OutgoingMessage> batch, int limit)
    {
        // In heap order, which is roughly message order: searching the whole queue each time would cost too much.
        var looked = 0;
        foreach (var (message, _) in _ready.UnorderedItems)
        {
            if (batch.Count == limit || looked++ == 2 * limit)
                return;
            if (message.IsUnsigned && !message.IsFinished)
                batch.Add(message);
        }
    }

    /// <summary>Sealed messages that no relay holds yet, oldest first.</summary>
    public List<OutgoingMessage> NotHeld(int limit) =>
    [
        .. _inFlight.Concat(_doubted).Concat(_ready.UnorderedItems.Select(item => item.Element))
            .Where(message => message is { IsFinished: false, HeldBy: 0, Record.Sealed: not null })
            .OrderBy(message => message.Id)
            .Take(limit),
    ];

    public void Finished(OutgoingMessage message) => Remove(message);

    /// <summary>The recipient has acknowledged a message that was sent only once; call it before <see cref="Finished"/>.</summary>
    public void Acknowledged(OutgoingMessage message, TimeSpan roundTrip) => passage.Acknowledged(roundTrip, message.Bytes, _bytes);

    /// <summary>Ends a pause.</summary>
    public void Resume() => _paused = false;

    /// <summary>
    /// Makes everything handed over before the given monotonic time ready again, except messages sent over
    /// <paramref name="connection"/>.
    /// </summary>
    public int ReturnSentBefore(long timestamp, PeerConnection connection)
    {
        var lost = _inFlight.Where(message => message.WasSent && message.SentTimestamp < timestamp && message.Departure?.Hop != connection).ToList();
        foreach (var message in lost)
            Return(message);
        return lost.Count;
    }

    private bool Remove(OutgoingMessage message)
    {
        if (!_inFlight.Remove(message))
            return false;
        _bytes -= message.Bytes;
        return true;
    }
}
