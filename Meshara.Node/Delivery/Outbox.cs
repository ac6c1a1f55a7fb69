using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Delivery;

/// <summary>
/// Owns accepted messages until they end: acknowledged, rejected or expired. This part accepts messages;
/// <c>Outbox.Attempts.cs</c> hands them over and retries; <c>Outbox.Outcomes.cs</c> ends them.
/// </summary>
internal sealed partial class Outbox : IMessenger, IDisposable
{
    // Recipients whose path measurements are kept while nothing waits for them.
    private const int MaxPassages = 10_000;

    private readonly NodeIdentity _identity;
    private readonly Router _router;
    private readonly Dht _dht;
    private readonly PeerBook _book;
    private readonly Swarm _swarm;
    private readonly Broadcaster _broadcaster;
    private readonly Sealer _sealer;
    private readonly Depot _depot;
    private readonly IMessageStore _store;
    private readonly DeliveryOptions _options;
    private readonly TimeSpan _maxCompletedAge;
    private readonly MeshTelemetry _telemetry;
    private readonly MessageLog _messages;
    private readonly NodeClock _clock;
    private readonly ILogger<Outbox> _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeAddress, RecipientQueue> _queues = [];
    private readonly RecentMap<NodeAddress, Passage> _passages;
    private readonly ConcurrentDictionary<MessageId, OutgoingMessage> _pending = new();
    private readonly SemaphoreSlim _firstProbes = new(MaxProbes);
    private readonly SemaphoreSlim _laterProbes = new(MaxProbes);
    private readonly TaskCompletionSource _served = new(Work.Asynchronously);
    private readonly DueTimes<Attempt> _acknowledgmentsDue;
    private readonly DueTimes<RecipientQueue> _pausesOver;
    private long _pendingBytes;
    private int _pendingCount;
    private int _serving = 1; // RunAsync itself
    private volatile bool _accepting;
    private CancellationToken _stopping;
    private ExecutionContext _context = null!;

    public Outbox(
        NodeIdentity identity, Router router, Forwarder forwarder, Dht dht, PeerBook book, Swarm swarm, Broadcaster broadcaster, Sealer sealer, Depot depot,
        IMessageStore store, IOptions<DeliveryOptions> options, IOptions<StorageOptions> storage, MeshTelemetry telemetry, MessageLog messages, TimeProvider time, ILogger<Outbox> logger)
    {
        _identity = identity;
        _router = router;
        _dht = dht;
        _book = book;
        _swarm = swarm;
        _broadcaster = broadcaster;
        _sealer = sealer;
        _depot = depot;
        _store = store;
        _options = options.Value;
        _maxCompletedAge = storage.Value.MaxCompletedAge;
        _telemetry = telemetry;
        _messages = messages;
        _clock = NodeClock.Of(time);
        _logger = logger;
        _passages = new RecentMap<NodeAddress, Passage>(MaxPassages, TimeSpan.FromHours(1), time);
        _acknowledgmentsDue = new DueTimes<Attempt>(time, OnAcknowledgmentDue);
        _pausesOver = new DueTimes<RecipientQueue>(time, Resume);
        swarm.AddWorth(connection => IsAwaited(connection.Peer) ? Swarm.Indispensable : 0);
        swarm.Connected += OnConnected;
        _clock.Resumed += OnResumed;
        forwarder.OwnMessageReturned += OnReturned;
    }

    /// <summary>Number of accepted messages that have not ended.</summary>
    public int PendingCount => Volatile.Read(ref _pendingCount);

    /// <summary>Age of the oldest pending message; zero when there is none.</summary>
    public TimeSpan OldestPending
    {
        get
        {
            var (now, age) = (_clock.Steady, TimeSpan.Zero);
            foreach (var (_, message) in _pending)
            {
                var own = now - (message.Record.Ends - message.Record.TimeToLive);
                if (own > age)
                    age = own;
            }
            return age;
        }
    }

    public ValueTask<MessageId> SendAsync(NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        AcceptAsync(null, recipient, content, timeToLive, cancellationToken);

    public ValueTask<MessageId> SendOnceAsync(
        string key, NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        AcceptAsync(key, recipient, content, timeToLive, cancellationToken);

    private async ValueTask<MessageId> AcceptAsync(
        string? key, NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        var life = timeToLive ?? _options.TimeToLive;
        Check(recipient, content, life);
        Reserve(content.Length);
        var accepting = _clock.GetTimestamp();
        var span = _telemetry.Begin(SpanNames.SendMessage, ActivityKind.Producer, Activity.Current?.Context ?? default, out var trace);
        OutgoingMessage? message = null;
        try
        {
            var now = _clock.Stamp;
            var id = MessageId.Create(now);
            if (span is not null)
                Describe(span, id, recipient, content.Length);
            var record = new OutgoingRecord(id, recipient, null, content, content.Length, now, now + life, trace) { Ends = _clock.Steady + life };
            ActivityContext creation = default;
            if (_book.TryGet(NodeId.Of(recipient), out var peer))
                record = Seal(record, peer, out creation);
            message = new OutgoingMessage(record, span, _clock.GetTimestamp()) { Creation = creation };
            if (key is null)
                await _store.AppendAsync(record, cancellationToken);
            else if (await AppendOnceAsync(key, record, RequestFingerprint.Of(recipient, timeToLive, content.Span), cancellationToken) is { } earlier)
            {
                Release(content.Length);
                span?.Dispose();
                return earlier;
            }
            _messages.Created(message, _context);
            _pending[id] = message;
            Enqueue(message);
            return id;
        }
        catch (Exception e)
        {
            Release(content.Length);
            var error = (e as MesharaException)?.Code ?? e.GetType().Name;
            _telemetry.Sent(MessagingOperation.Send, _clock.GetElapsedTime(accepting), error);
            span.Fail(error, e);
            span?.Dispose();
            throw;
        }
    }

    private static void Describe(Activity span, MessageId id, NodeAddress recipient, int bytes)
    {
        var (messageId, address) = (id.ToString(), recipient.ToString());
        span.SetTag("recipient", address).SetTag("message_size", bytes).SetTag("message_id", messageId)
            .Describe(MessagingOperation.Send, address, messageId).DescribeContent(bytes);
    }

    public ValueTask<MessageId> BroadcastAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        CheckContent(content);
        return _broadcaster.SendAsync(content);
    }

    public async ValueTask<MessageId> BroadcastOnceAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        CheckContent(content);
        var id = MessageId.Create(_clock.Stamp);
        var request = new RequestRecord(key, RequestFingerprint.Of(null, null, content.Span), id, _clock.Steady + _maxCompletedAge);
        if (await _store.AppendOnceAsync(request, null, cancellationToken) is not { } earlier)
            return await _broadcaster.SendAsync(id, content);
        id = Same(earlier, request.Fingerprint);
        // The process may have died between writing the request down and sending. Peers that have the broadcast know its id.
        return request.Expires - earlier.Expires < _broadcaster.Life ? await _broadcaster.SendAsync(id, content) : id;
    }

    public async ValueTask<MessageStatus?> GetStatusAsync(MessageId id, CancellationToken cancellationToken)
    {
        if (_pending.TryGetValue(id, out var message) && !message.IsFinished)
            return Pending(message);
        // While a message is ending, it may be finished here before the store knows its outcome; report it as still pending.
        return await _store.FindCompletedAsync(id, cancellationToken) ?? (message is null ? null : Pending(message));

        static MessageStatus Pending(OutgoingMessage message) => message.Status(MessageState.Pending, null, message.LastFailure);
    }

    /// <summary>Takes up the messages that an earlier process left pending, then accepts messages and works until cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        _stopping = stopping;
        _context = ExecutionContext.Capture()!;
        foreach (var record in await _store.LoadPendingAsync(stopping))
        {
            record.Sealed?.LiveUntil(record.Ends);
            var message = new OutgoingMessage(record, span: null, _clock.GetTimestamp());
            Interlocked.Increment(ref _pendingCount);
            Interlocked.Add(ref _pendingBytes, record.ContentLength);
            _pending[record.Id] = message;
            Enqueue(message);
        }
        _accepting = true;
        await SweepAsync(stopping);
        Leave();
        await _served.Task;
    }

    /// <summary>
    /// Stops accepting messages and waits until those handed to a peer are acknowledged, or the drain timeout passes.
    /// </summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        _accepting = false;
        using var timeout = new CancellationTokenSource(_options.DrainTimeout, _clock);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        while (InFlight() > 0 && !deadline.IsCancellationRequested)
            await Task.Delay(TimeSpan.FromMilliseconds(20), _clock, deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _acknowledgmentsDue.Dispose();
        _pausesOver.Dispose();
        _firstProbes.Dispose();
        _laterProbes.Dispose();
    }

    /// <summary>Null if the message was stored; otherwise the id of the message that an earlier request with this key became.</summary>
    private async ValueTask<MessageId?> AppendOnceAsync(string key, OutgoingRecord record, ReadOnlyMemory<byte> fingerprint, CancellationToken cancellationToken)
    {
        var request = new RequestRecord(key, fingerprint, record.Id, record.Ends + _maxCompletedAge);
        return await _store.AppendOnceAsync(request, record, cancellationToken) is { } earlier ? Same(earlier, fingerprint) : null;
    }

    private static MessageId Same(RequestRecord earlier, ReadOnlyMemory<byte> fingerprint) => earlier.Fingerprint.Span.SequenceEqual(fingerprint.Span)
        ? earlier.Id
        : throw new MesharaException(ErrorCodes.KeyReused, "This Idempotency-Key was used for another request; choose a new one for each message.");

    private void Check(NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan life)
    {
        if (recipient == _identity.Address)
            throw new MesharaException(ErrorCodes.InvalidArgument, "A node does not send messages to itself.");
        if (life < TimeSpan.FromSeconds(1) || life > _options.MaxTimeToLive)
            throw new MesharaException(ErrorCodes.InvalidArgument, $"The time to live must be between 1 and {_options.MaxTimeToLive.TotalSeconds:0} seconds.");
        CheckContent(content);
    }

    private void CheckContent(ReadOnlyMemory<byte> content)
    {
        if (!_accepting)
            throw new MesharaException(ErrorCodes.NotReady, "The node is starting or stopping and takes no messages; try again in a moment.");
        if (content.IsEmpty)
            throw new MesharaException(ErrorCodes.EmptyMessage, "The message is empty.");
        if (content.Length > _options.MaxMessageBytes)
            throw new MesharaException(ErrorCodes.Oversize, $"The message has {content.Length} bytes; the limit is {_options.MaxMessageBytes}.");
    }

    /// <summary>Counts the message against the pending limits before any work is spent on it.</summary>
    private void Reserve(int bytes)
    {
        var count = Interlocked.Increment(ref _pendingCount);
        var total = Interlocked.Add(ref _pendingBytes, bytes);
        if (count <= _options.MaxPendingMessages && total <= _options.MaxPendingBytes)
            return;
        Release(bytes);
        _telemetry.Dropped(DropReason.QueueFull);
        throw new MesharaException(ErrorCodes.QueueFull, "The node holds as many unacknowledged messages as it may; try again later.");
    }

    private void Release(int bytes)
    {
        Interlocked.Decrement(ref _pendingCount);
        Interlocked.Add(ref _pendingBytes, -bytes);
    }

    /// <param name="creation">
    /// The span <c>create_message</c>, the parent of <c>sign</c>; <c>default</c> when it is not recorded.
    /// </param>
    private OutgoingRecord Seal(OutgoingRecord record, PeerRecord peer, out ActivityContext creation)
    {
        using var span = _telemetry.Continue(SpanNames.CreateMessage, ActivityKind.Internal, record.Trace);
        creation = span?.Context ?? default;
        var content = record.Content;
        var envelope = Envelope.CreateUnsigned(
            _identity, MessageType.Private, record.Id, record.Recipient, record.AcceptedAt, record.Expires,
            header => _sealer.Seal(peer, header, content.Span), span);
        envelope.LiveUntil(record.Ends);
        return record with { Sealed = envelope, Content = default };
    }
}
