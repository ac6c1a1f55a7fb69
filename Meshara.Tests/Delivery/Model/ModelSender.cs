using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Storage;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Tests.Delivery.Model;

/// <summary>
/// The sending half of a node: the decisions of <see cref="Outbox"/>, one at a time, on a real store, a real
/// <see cref="RecipientQueue"/>, real <see cref="OutgoingMessage"/>s and real envelopes (which are not sealed or signed: nobody
/// forges anything here).
/// </summary>
internal sealed class ModelSender(int index, NodeIdentity identity, NodeAddress recipient, NodeClock clock, IModelStore store)
{
    public static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly Dictionary<MessageId, OutgoingMessage> _pending = [];

    // RecipientQueue does not show which messages are in flight.
    private readonly HashSet<OutgoingMessage> _inFlight = [];

    // How messages ended, as long as the store has not written it down.
    private readonly List<MessageStatus> _unwritten = [];
    private RecipientQueue _queue = NewQueue(recipient);

    /// <summary>Every message ever accepted, in order.</summary>
    public List<OutgoingRecord> Accepted { get; } = [];

    public bool IsPaused { get; private set; }

    public bool HasUnwritten => _unwritten.Count > 0;

    public IModelStore Store => store;

    public async Task AcceptAsync()
    {
        var now = clock.Stamp;
        var content = (byte[])[(byte)index, (byte)Accepted.Count];
        var id = MessageId.Create(now);
        var envelope = Envelope.CreateUnsigned(
            identity, MessageType.Private, id, recipient, now, now + Life, _ => ByteString.CopyFrom(content), parent: null);
        var ends = clock.Steady + Life;
        envelope.LiveUntil(ends);
        var record = new OutgoingRecord(id, recipient, envelope, default, content.Length, now, now + Life, default) { Ends = ends };
        await store.Messages.AppendAsync(record, CancellationToken.None);
        Accepted.Add(record);
        Add(record);
    }

    /// <summary>True if a worker would find something to do.</summary>
    public bool CanAttempt => !IsPaused && _pending.Count > _inFlight.Count && (_queue.Failures == 0 || _queue.InFlight == 0);

    public bool IsInFlight(MessageId id) => _pending.TryGetValue(id, out var message) && _inFlight.Contains(message);

    /// <summary>Attempts the next message; the frames that leave.</summary>
    /// <param name="isConnected">True if the recipient is connected to this node.</param>
    /// <param name="byRelay">True if the message goes to the relay, as when the recipient cannot be dialled.</param>
    public IEnumerable<FrameInFlight> Attempt(bool isConnected, bool byRelay)
    {
        if (!_queue.TryClaim() || _queue.Take() is not { } message)
            throw new InvalidOperationException("The queue has nothing to attempt.");
        _queue.Release();
        _inFlight.Add(message);
        message.Attempts++;
        List<FrameInFlight> frames = message.Attempts > 1 && !isConnected ? [.. Deposits()] : [];
        if (isConnected || byRelay)
        {
            message.Record.Sealed!.SetAge(clock.Steady);
            var kind = byRelay ? FrameKind.Relayed : FrameKind.Message;
            frames.Add(new FrameInFlight(kind, index, message.Id, message.Record.Sealed.Wire.Clone()));
            message.WasSent = true;
            if (isConnected)
                Reached();
            return frames;
        }
        frames.AddRange(Deposits());
        Fail(message);
        return frames.DistinctBy(frame => (frame.Kind, frame.Id));
    }

    /// <summary>No acknowledgment came in time.</summary>
    public void Overdue(MessageId id, bool isConnected)
    {
        var message = _pending[id];
        _inFlight.Remove(message);
        if (isConnected)
            _queue.Return(message);
        else
            _queue.Doubt(message);
    }

    public void Resume()
    {
        IsPaused = false;
        _queue.Resume();
    }

    /// <summary>The recipient has connected: what was sent before is lost with its old connection.</summary>
    public void OnConnected()
    {
        foreach (var message in _inFlight)
            _queue.Return(message);
        _inFlight.Clear();
        Reached();
    }

    public void OnUndeliverable(MessageId id)
    {
        if (!_pending.TryGetValue(id, out var message) || message.IsFinished || !_inFlight.Contains(message))
            return;
        Fail(message);
    }

    public void OnDeposited(MessageId id)
    {
        if (_pending.TryGetValue(id, out var message))
            message.HeldBy = 1;
    }

    public void OnAcknowledged(MessageId id, AckStatus status)
    {
        if (!_pending.TryGetValue(id, out var message))
            return; // it has ended before
        Finish(message, status == AckStatus.Delivered ? MessageState.Acknowledged : MessageState.Rejected);
    }

    /// <summary>Expires the messages whose life is over.</summary>
    public void Sweep()
    {
        foreach (var message in _pending.Values.Where(message => message.Record.Ends <= clock.Steady).ToList())
            Finish(message, MessageState.Expired);
    }

    /// <summary>The store writes down how messages ended.</summary>
    public async Task WriteOutcomesAsync()
    {
        foreach (var status in _unwritten)
            await store.Messages.CompleteAsync(status, CancellationToken.None);
        await store.WriteAsync();
        _unwritten.Clear();
    }

    /// <summary>Everything in memory is gone; the node starts again with what its store has.</summary>
    public async Task CrashAsync()
    {
        _pending.Clear();
        _inFlight.Clear();
        _unwritten.Clear();
        IsPaused = false;
        _queue = NewQueue(recipient);
        await store.CrashAsync();
        foreach (var record in await store.Messages.LoadPendingAsync(CancellationToken.None))
        {
            record.Sealed!.LiveUntil(record.Ends);
            Add(record);
        }
    }

    /// <summary>What the node would answer about a message; null if it does not know it.</summary>
    public async Task<MessageState?> StateAsync(MessageId id)
    {
        if (_pending.ContainsKey(id))
            return MessageState.Pending;
        if (_unwritten.FirstOrDefault(status => status.Id == id) is { } ended)
            return ended.State;
        return await CompletedAsync(id);
    }

    /// <summary>How a message ended as the store knows it; null if it has not.</summary>
    public async Task<MessageState?> CompletedAsync(MessageId id) =>
        (await store.Messages.FindCompletedAsync(id, CancellationToken.None))?.State;

    /// <summary>What decides about the future of this node, apart from its store.</summary>
    public string Fingerprint()
    {
        var messages = string.Join(',', Accepted.Select(record => Fingerprint(record.Id)));
        return $"{IsPaused}/{Math.Min(_queue.Failures, 2)}/{_queue.InFlight}:{messages}";
    }

    private string Fingerprint(MessageId id) => _pending.TryGetValue(id, out var message)
        ? $"{(_inFlight.Contains(message) ? 'f' : 'r')}{Math.Min(message.Attempts, 2)}{message.HeldBy}"
        : _unwritten.FirstOrDefault(status => status.Id == id)?.State.ToString() ?? "-";

    private static RecipientQueue NewQueue(NodeAddress recipient) => new(recipient, window: 16, new Passage(TimeSpan.FromSeconds(1)));

    private void Add(OutgoingRecord record)
    {
        var message = new OutgoingMessage(record, span: null, clock.GetTimestamp());
        _pending[record.Id] = message;
        _queue.AddReady(message);
    }

    private IEnumerable<FrameInFlight> Deposits()
    {
        foreach (var message in _queue.NotHeld(64))
        {
            var wire = message.Record.Sealed!.Wire.Clone();
            Envelope.SetAge(wire, message.Record.Sealed.Born, clock.Steady);
            yield return new FrameInFlight(FrameKind.Deposit, index, message.Id, wire);
        }
    }

    private void Fail(OutgoingMessage message)
    {
        _inFlight.Remove(message);
        _queue.Failed(message, out _);
        IsPaused = true;
    }

    private void Reached()
    {
        IsPaused = false;
        _queue.Reached();
    }

    private void Finish(OutgoingMessage message, MessageState state)
    {
        if (!message.TryFinish())
            throw new InvalidOperationException("A message ended twice.");
        _unwritten.Add(message.Status(state, clock.GetUtcNow(), null));
        _pending.Remove(message.Id);
        _inFlight.Remove(message);
        _queue.Finished(message);
        if (state != MessageState.Expired)
            Reached();
    }
}
