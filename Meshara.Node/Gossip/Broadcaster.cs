using System.Diagnostics;
using System.Threading.Channels;
using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Storage;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Node.Gossip;

/// <summary>
/// Broadcast over a self-organizing tree (Leitão, Pereira and Rodrigues, "Epidemic Broadcast Trees", 2007). Each node pushes
/// new broadcasts to a few eager peers. A link that delivers a duplicate closes a cycle, so both ends drop it until a tree
/// remains. Shortly afterwards, ids are announced to all other peers, a few at a time. A node that missed a broadcast asks for
/// it, and the link that delivers it joins the tree, which repairs the tree.
/// </summary>
internal sealed partial class Broadcaster
{
    private const int MaxKeysPerFrame = 1000;

    // Bytes of requested broadcasts that may wait for one peer and for all peers, and the least that each one counts as.
    private const int MaxWantedByPeer = 4 * 1024 * 1024;
    private const int MaxWanted = 16 * 1024 * 1024;
    private const int MinWantedBytes = 8 * 1024;

    private static readonly Frame Graft = new() { Want = new Want { Graft = true } };
    private static readonly Frame Prune = new() { Prune = new Prune() };

    private readonly NodeIdentity _identity;
    private readonly Swarm _swarm;
    private readonly IMessageStore _store;
    private readonly GossipOptions _options;
    private readonly MeshTelemetry _telemetry;
    private readonly NodeClock _clock;
    private readonly ILogger<Broadcaster> _logger;
    private readonly RecentMap<BroadcastKey, byte> _seen;
    private readonly RecentBroadcasts _recent;
    private readonly MissingBroadcasts _missing;
    private readonly EagerPeers _eager = new();

    // Tree changes to send to peers, in this order: a link that is pruned and then wanted again must end up as wanted. On
    // overflow a change is lost, which costs a duplicate or a repair.
    private readonly Channel<(NodeAddress Peer, Frame Frame)> _links =
        Channel.CreateBounded<(NodeAddress, Frame)>(new BoundedChannelOptions(1000) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly PeerQueues<Broadcast> _wanted;
    private volatile bool _unannounced;

    public Broadcaster(
        NodeIdentity identity, Swarm swarm, IMessageStore store, IOptions<GossipOptions> options, MeshTelemetry telemetry, TimeProvider time, ILogger<Broadcaster> logger)
    {
        _identity = identity;
        _swarm = swarm;
        _store = store;
        _options = options.Value;
        _telemetry = telemetry;
        _clock = NodeClock.Of(time);
        _logger = logger;
        // Twice LongestLife, so that no broadcast is delivered twice.
        _seen = new RecentMap<BroadcastKey, byte>(200_000, _options.TimeToLive * 4, time);
        _recent = new RecentBroadcasts(_options.MaxRecent, _options.MaxRecentBytes, _options.TimeToLive, time);
        _missing = new MissingBroadcasts(_options.MaxRecent, time);
        _wanted = new PeerQueues<Broadcast>(MaxWantedByPeer, MaxWanted, SendWantedAsync, OnFailure);
        swarm.AddWorth(connection => _eager.Contains(connection.Peer) ? 4 : 0);
        swarm.Connected += OnConnected;
        swarm.Disconnected += OnDisconnected;
    }

    private TimeSpan LongestLife => _options.TimeToLive * 2;

    /// <summary>The time to live of a broadcast from this node.</summary>
    public TimeSpan Life => _options.TimeToLive;

    /// <summary>The peers that broadcasts are currently pushed to.</summary>
    public IReadOnlyList<NodeAddress> Eager => _eager.All;

    /// <summary>Signs a broadcast and starts spreading it.</summary>
    public ValueTask<MessageId> SendAsync(ReadOnlyMemory<byte> content) => SendAsync(MessageId.Create(_clock.Stamp), content);

    /// <summary>Sends under an id chosen earlier; does nothing if this process has already sent it.</summary>
    public ValueTask<MessageId> SendAsync(MessageId id, ReadOnlyMemory<byte> content)
    {
        var key = new BroadcastKey(_identity.Address, id);
        if (!_seen.TryAdd(key, 0))
            return ValueTask.FromResult(id);
        var (now, started) = (_clock.Stamp, _clock.GetTimestamp());
        using var span = _telemetry.Begin(SpanNames.BroadcastMessage, ActivityKind.Producer, Activity.Current?.Context ?? default, out var trace);
        var copy = ByteString.CopyFrom(content.Span);
        var envelope = Envelope.Create(
            _identity, MessageType.Broadcast, id, default, now, now + _options.TimeToLive, _ => copy, span);
        envelope.Arrive(_clock.Steady, LongestLife);
        if (span is not null)
        {
            var text = envelope.Id.ToString();
            span.SetTag("message_id", text).SetTag("message_size", content.Length)
                .Describe(MessagingOperation.Broadcast, MessagingOperation.Everybody, text).DescribeContent(content.Length);
        }
        var broadcast = Keep(key, envelope);
        _telemetry.Sent(Tags.Broadcast);
        Push(broadcast, envelope.Wire, from: default, trace);
        _telemetry.Sent(MessagingOperation.Broadcast, _clock.GetElapsedTime(started));
        return ValueTask.FromResult(envelope.Id);
    }

    /// <summary>True the first time a broadcast is seen; duplicates are not worth verifying.</summary>
    public bool IsNews(Envelope envelope, NodeAddress from)
    {
        if (envelope.Sender != _identity.Address && !_seen.Contains(new BroadcastKey(envelope.Sender, envelope.Id)))
            return true;
        OnDuplicate(envelope, from);
        return false;
    }

    /// <summary>Notes the arrival of a broadcast that this node rejects, so that other peers are not asked for it.</summary>
    public void Skip(Envelope envelope) => _missing.Arrived(new BroadcastKey(envelope.Sender, envelope.Id).ToWire());

    /// <summary>Verifies, delivers and passes on a broadcast that came from a peer.</summary>
    public async Task ReceiveAsync(Envelope envelope, NodeAddress from, CancellationToken cancellationToken)
    {
        var started = _clock.GetTimestamp();
        using var span = _telemetry.Begin(SpanNames.ReceiveBroadcast, ActivityKind.Consumer, TraceContext.Read(envelope.Wire.TraceContext), out var trace);
        if (span is not null)
        {
            var id = envelope.Id.ToString();
            span.SetTag("message_id", id).SetTag("hops", envelope.HopCount)
                .Describe(MessagingOperation.ReceiveBroadcast, MessagingOperation.Everybody, id).DescribeContent(envelope.Wire.Payload.Length);
        }
        try
        {
            var error = await TakeAsync(envelope, from, span, trace, cancellationToken);
            if (error is not null)
                span.Fail(error);
            _telemetry.Processed(MessagingOperation.ReceiveBroadcast, _clock.GetElapsedTime(started), error);
        }
        catch (MesharaException e)
        {
            span.Fail(e.Code, e);
            _telemetry.Processed(MessagingOperation.ReceiveBroadcast, _clock.GetElapsedTime(started), e.Code);
            throw;
        }
    }

    /// <summary>Null if the broadcast was taken or is a duplicate; otherwise why it is dropped.</summary>
    private async ValueTask<string?> TakeAsync(Envelope envelope, NodeAddress from, Activity? span, ActivityContext trace, CancellationToken cancellationToken)
    {
        // Only its age counts, not what other clocks say. Its life is bounded, or it would outlive this node's memory of it and
        // spread again.
        if (!envelope.Arrive(_clock.Steady, LongestLife) || Lives.IsStale(envelope, from, LongestLife, _clock))
        {
            _telemetry.Dropped(DropReason.Expired);
            return "expired";
        }
        var key = new BroadcastKey(envelope.Sender, envelope.Id);
        // Another copy may have been verified while this one waited for its turn.
        if (_seen.Contains(key))
        {
            OnDuplicate(envelope, from);
            return null;
        }
        if (!Verify(envelope, span))
        {
            _telemetry.Dropped(DropReason.BadSignature);
            _telemetry.Error(ErrorType.Crypto);
            return "bad_signature";
        }
        // Only now: a forgery must not make the genuine message look like a duplicate.
        if (!TakeFirst(key, from))
        {
            OnDuplicate(envelope, from);
            return null;
        }
        var broadcast = Keep(key, envelope);
        broadcast.Knows(from);
        if (envelope.HopCount < envelope.Wire.HopLimit)
            Push(broadcast, envelope.NextHop(_identity.Address, default, _clock.Steady), from, trace);
        await DeliverAsync(envelope, span, cancellationToken);
        return null;
    }

    /// <summary>
    /// Handles a peer's announcement: asks for what is missing here, and to be pushed to, since no eager peer delivered it in
    /// time.
    /// </summary>
    public void OnAnnounce(PeerConnection connection, Announce announce)
    {
        Want? want = null;
        foreach (var key in announce.Keys.Take(MaxKeysPerFrame))
        {
            if (key.Length != BroadcastKey.Size)
                throw new MesharaException(ErrorCodes.Protocol, "An announced key has a wrong length.");
            if (_recent.TryGet(key, out var known))
                known.Knows(connection.Peer);
            else if (_missing.Ask(key, connection.Peer))
                (want ??= new Want { Graft = true }).Keys.Add(key);
        }
        if (want is not null)
            connection.TrySendUrgent(new Frame { Want = want }); // keys that do not arrive are requested from other peers
    }

    /// <summary>Handles a peer's request for announced broadcasts, or to be pushed to.</summary>
    public void OnWant(PeerConnection connection, Want want)
    {
        // A peer that missed something needs a link; one that has just connected can also get broadcasts from others.
        if (want.Graft)
            OnGraft(connection.Peer, want.Keys.Count > 0 ? int.MaxValue : _options.Fanout * 2);
        foreach (var key in want.Keys.Take(MaxKeysPerFrame))
        {
            if (!_recent.TryGet(key, out var broadcast) || broadcast.Envelope.HopCount >= broadcast.Envelope.Wire.HopLimit)
                continue;
            var size = Math.Max(MinWantedBytes, broadcast.Envelope.Wire.Payload.Length);
            _wanted.TryAdd(connection.Peer, broadcast, size); // if there is no room, the peer asks again, or asks another peer
        }
    }

    /// <summary>Sends a requested broadcast as fast as the peer takes it, unless the broadcast expires first.</summary>
    private async Task SendWantedAsync(NodeAddress peer, Broadcast broadcast, CancellationToken stopping)
    {
        var parent = TraceContext.Read(broadcast.Envelope.Wire.TraceContext);
        while (_swarm.TryGet(peer, out var connection))
        {
            await connection.RoomAsync().WaitAsync(stopping);
            var now = _clock.Steady;
            if (broadcast.Envelope.Ends <= now || PushTo(broadcast, connection, broadcast.Envelope.NextHop(_identity.Address, default, now), parent))
                return;
        }
    }

    /// <summary>Announces broadcasts and maintains the tree until cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await Task.WhenAll(AnnounceAsync(stopping), TellAsync(stopping), _wanted.RunAsync(stopping));
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }

    private void OnDuplicate(Envelope envelope, NodeAddress from)
    {
        var key = new BroadcastKey(envelope.Sender, envelope.Id).ToWire();
        if (_recent.TryGet(key, out var broadcast))
            broadcast.Knows(from);
        else
            _missing.Arrived(key); // forgotten here, or this node's own from before a restart: no need to request it
        _telemetry.Dropped(DropReason.Duplicate);
        Unlink(from);
    }

    private async Task AnnounceAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(_options.AnnounceInterval, _clock);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            try
            {
                Mend();
                if (_unannounced)
                    AnnounceOnce();
                AskAgain();
            }
            catch (Exception e)
            {
                OnFailure(_identity.Address, e); // the next announcements still go out
            }
        }
    }

    /// <summary>Reports a defect in this program without stopping the loop that others depend on.</summary>
    private void OnFailure(NodeAddress peer, Exception e)
    {
        _telemetry.Error(ErrorType.Protocol);
        Log.GossipFailed(_logger, peer, e);
    }

    private void AskAgain()
    {
        foreach (var group in _missing.TakeOverdue(peer => _swarm.TryGet(peer, out _)).GroupBy(missing => missing.Peer, missing => missing.Key))
        {
            if (_swarm.TryGet(group.Key, out var connection))
                connection.TrySendUrgent(new Frame { Want = new Want { Graft = true, Keys = { group } } });
        }
    }

    /// <summary>Announces to a few peers what they may have missed, one frame each; the others follow on later ticks.</summary>
    private void AnnounceOnce()
    {
        // New broadcasts are still being pushed; announcing them now would only cause duplicates.
        var age = _options.AnnounceInterval / 2;
        _unannounced = false;
        var (told, more) = (0, !_recent.AreAllOlderThan(age));
        var peers = _swarm.Connections.ToArray();
        Chance.Random.Shuffle(peers);
        foreach (var peer in peers)
        {
            if (told == _options.Fanout || !peer.HasRoom)
                more = true;
            else if (_recent.TakeAnnouncement(peer.Peer, age, MaxKeysPerFrame) is { } announce && peer.TrySendUrgent(new Frame { Announce = announce }) > 0)
                told++;
        }
        if (more)
            _unannounced = true;
    }

    private static bool Verify(Envelope envelope, Activity? parent)
    {
        using var span = parent.StartChild(SpanNames.Verify);
        var valid = envelope.HasValidSignature();
        if (!valid)
            span.Fail("bad_signature");
        return valid;
    }

    private async Task DeliverAsync(Envelope envelope, Activity? parent, CancellationToken cancellationToken)
    {
        using var span = parent.StartChild(SpanNames.Deliver);
        var now = _clock.GetUtcNow();
        var forget = _clock.Steady + Lives.Memory(Lives.Bounded(envelope.Life, LongestLife));
        var delivered = await _store.DeliverAsync(
            new IncomingMessage(envelope.Id, envelope.Sender, IsBroadcast: true, envelope.Timestamp, now, envelope.Wire.Payload.Memory, forget), cancellationToken);
        if (delivered == DeliveryResult.Duplicate)
        {
            _telemetry.Dropped(DropReason.Duplicate);
            return;
        }
        _telemetry.Received(Tags.Broadcast);
        _telemetry.MessageHops(MessageType.Broadcast, envelope.HopCount);
        _telemetry.BroadcastPropagation(now - envelope.Timestamp);
        Log.BroadcastReceived(_logger, envelope.Id, envelope.Sender, envelope.HopCount);
    }

    private Broadcast Keep(BroadcastKey key, Envelope envelope)
    {
        var broadcast = new Broadcast(key.ToWire(), envelope, _clock.GetTimestamp());
        _recent.Add(broadcast);
        _missing.Arrived(broadcast.Key);
        _unannounced = true;
        return broadcast;
    }

    private void Push(Broadcast broadcast, Protocol.Wire.Envelope wire, NodeAddress from, ActivityContext parent)
    {
        if (_eager.All.Length == 0)
            Mend();
        foreach (var peer in _eager.All)
        {
            if (peer != from && peer != broadcast.Envelope.Sender && _swarm.TryGet(peer, out var connection) && connection.HasRoom)
                PushTo(broadcast, connection, wire, parent);
        }
    }

    private bool PushTo(Broadcast broadcast, PeerConnection peer, Protocol.Wire.Envelope wire, ActivityContext parent)
    {
        using var span = _telemetry.Begin(SpanNames.GossipForward, ActivityKind.Producer, parent, out var trace);
        span?.SetTag("peer", peer.Peer.ToString());
        wire.TraceContext = TraceContext.Write(trace);
        if (peer.TrySend(new Frame { Envelope = wire }) == 0)
        {
            span.Fail(peer.IsOpen ? "no_room" : "connection_closed"); // it will be announced
            return false;
        }
        broadcast.Knows(peer.Peer);
        if (broadcast.Envelope.Sender != _identity.Address)
            _telemetry.Forwarded(MessageType.Broadcast);
        return true;
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "BroadcastReceived", Level = LogLevel.Debug, Message = "Broadcast received")]
        public static partial void BroadcastReceived(ILogger logger, MessageId messageId, NodeAddress sender, uint hops);

        [LoggerMessage(EventName = "GossipFailed", Level = LogLevel.Error, Message = "Announcing or passing on broadcasts failed unexpectedly")]
        public static partial void GossipFailed(ILogger logger, NodeAddress peer, Exception exception);
    }
}
