using Meshara.Node.Identity;
using Meshara.Node.Transport;

namespace Meshara.Node.Delivery;

/// <summary>
/// The pending messages of one recipient, in order of acceptance: those ready to be attempted and those handed over and
/// waiting for their acknowledgment. One worker attempts at a time. A failure pauses all of them, and until the recipient is
/// known to be within reach again only one message at a time is on its way, so that an unreachable recipient costs one probe a
/// pause however many wait for it; each waiting message has its turn to be that probe. Not safe for concurrent use: <see cref="Outbox"/> holds its lock.
/// </summary>
/// <param name="recipient">Whose messages they are.</param>
/// <param name="window">Messages that may be handed over and not acknowledged; bytes are limited by <paramref name="passage"/>.</param>
/// <param name="passage">What is known of the way to the recipient.</param>
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

    /// <summary>Cancels what a worker is doing to reach a recipient that is not connected; null when nothing is.</summary>
    public CancellationTokenSource? Probe { get; set; }

    public bool IsEmpty => _ready.Count == 0 && _doubted.Count == 0 && _inFlight.Count == 0 && !_busy;

    public int InFlight => _inFlight.Count;

    public Passage Passage => passage;

    /// <summary>Probes in a row that were in vain; 0 while the recipient is within reach as far as is known.</summary>
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

    /// <summary>Gives the queue back with whatever is in it.</summary>
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
    /// The recipient is within reach: it has connected, was given a message, or has answered one. That a relay took a message says
    /// nothing of the recipient.
    /// </summary>
    public void Reached()
    {
        while (_doubted.TryDequeue(out var message))
            AddReady(message);
        _failures = 0;
        _paused = false;
    }

    /// <summary>An attempt reached nobody: the message waits with all others.</summary>
    /// <param name="message">What could not be delivered.</param>
    /// <param name="failures">How many probes in a row have failed.</param>
    /// <returns>True when a pause begins with it; false when all are waiting already.</returns>
    public bool Failed(OutgoingMessage message, out int failures)
    {
        Return(message);
        var begins = !_paused;
        _paused = true;
        failures = begins ? ++_failures : _failures;
        return begins;
    }

    /// <summary>The recipient has no room: the message waits with all others, and being within reach does not end that.</summary>
    /// <param name="message">What was refused.</param>
    /// <param name="refusals">How many probes in a row were refused.</param>
    /// <returns>True when a pause begins with it; false when all are waiting already.</returns>
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
    /// What a relay took was not acknowledged in time: no pause after that wait, but what follows is a probe, with another message if
    /// there is one. It may be this one alone that the recipient does not answer.
    /// </summary>
    /// <returns>False when the message was not in flight.</returns>
    public bool Doubt(OutgoingMessage message)
    {
        if (!Remove(message))
            return false;
        _failures++;
        if (!message.IsFinished)
            _doubted.Enqueue(message);
        return true;
    }

    /// <summary>Puts a message that was in flight back among the ready ones; false when it was not in flight.</summary>
    public bool Return(OutgoingMessage message)
    {
        if (!Remove(message))
            return false;
        if (!message.IsFinished)
            AddReady(message);
        return true;
    }

    /// <summary>Adds messages that are ready but for a signature until <paramref name="batch"/> has <paramref name="limit"/>.</summary>
    public void AddUnsigned(List<OutgoingMessage> batch, int limit)
    {
        // In the order of the heap, which is about that of the messages: the whole queue must not be looked through each time.
        var looked = 0;
        foreach (var (message, _) in _ready.UnorderedItems)
        {
            if (batch.Count == limit || looked++ == 2 * limit)
                return;
            if (message.IsUnsigned && !message.IsFinished)
                batch.Add(message);
        }
    }

    /// <summary>Sealed messages that no relay keeps yet, oldest first.</summary>
    public List<OutgoingMessage> NotHeld(int limit) =>
    [
        .. _inFlight.Concat(_doubted).Concat(_ready.UnorderedItems.Select(item => item.Element))
            .Where(message => message is { IsFinished: false, HeldBy: 0, Record.Sealed: not null })
            .OrderBy(message => message.Id)
            .Take(limit),
    ];

    public void Finished(OutgoingMessage message) => Remove(message);

    /// <summary>The recipient has acknowledged a message that was sent once; to be said before <see cref="Finished"/>.</summary>
    public void Acknowledged(OutgoingMessage message, TimeSpan roundTrip) => passage.Acknowledged(roundTrip, message.Bytes, _bytes);

    /// <summary>A pause is over.</summary>
    public void Resume() => _paused = false;

    /// <summary>Everything handed over before the given monotonic time becomes ready again, but what has gone by <paramref name="connection"/>.</summary>
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
