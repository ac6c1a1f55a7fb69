using System.Diagnostics;
using Google.Protobuf;
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
/// Epidemic broadcast: each node pushes what is new to a bounded number of random peers, and a little later announces its
/// id to the peers that were not pushed to, which then ask for what they miss (Demers et al., "Epidemic algorithms for
/// replicated database maintenance", 1987; eager push and lazy pull as in Plumtree, Leitão et al., 2007).
/// </summary>
internal sealed partial class Broadcaster
{
    private const int MaxKeysPerFrame = 1000;

    private readonly NodeIdentity _identity;
    private readonly Swarm _swarm;
    private readonly IMessageStore _store;
    private readonly GossipOptions _options;
    private readonly MeshTelemetry _telemetry;
    private readonly TimeProvider _time;
    private readonly ILogger<Broadcaster> _logger;
    private readonly RecentMap<BroadcastKey, byte> _seen;
    private readonly RecentMap<ByteString, Broadcast> _recent;

    public Broadcaster(
        NodeIdentity identity, Swarm swarm, IMessageStore store, IOptions<GossipOptions> options, MeshTelemetry telemetry, TimeProvider time, ILogger<Broadcaster> logger)
    {
        _identity = identity;
        _swarm = swarm;
        _store = store;
        _options = options.Value;
        _telemetry = telemetry;
        _time = time;
        _logger = logger;
        // Twice as long as a broadcast may travel, so that none is delivered a second time.
        _seen = new RecentMap<BroadcastKey, byte>(200_000, _options.TimeToLive * 4, time);
        _recent = new RecentMap<ByteString, Broadcast>(_options.MaxRecent, _options.TimeToLive, time);
    }

    /// <summary>Signs a broadcast and starts its spread.</summary>
    public async ValueTask<MessageId> SendAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        using var span = _telemetry.Begin(SpanNames.BroadcastMessage, ActivityKind.Internal, Activity.Current?.Context ?? default, out var trace);
        var copy = ByteString.CopyFrom(content.Span);
        var envelope = Envelope.Create(
            _identity, MessageType.Broadcast, MessageId.Create(now), default, now, now + _options.TimeToLive, _ => copy, span);
        span?.SetTag("message_id", envelope.Id.ToString()).SetTag("message_size", content.Length);
        var key = new BroadcastKey(envelope.Sender, envelope.Id);
        _seen.TryAdd(key, 0);
        var broadcast = Keep(key, envelope);
        _telemetry.Sent(Tags.Broadcast);
        await PushAsync(broadcast, envelope.Wire, from: default, trace, cancellationToken);
        return envelope.Id;
    }

    /// <summary>True the first time a broadcast is seen: only then is it worth verifying.</summary>
    public bool IsNews(Envelope envelope, NodeAddress from)
    {
        var key = new BroadcastKey(envelope.Sender, envelope.Id);
        if (!_seen.Contains(key))
            return true;
        if (_recent.TryGet(key.ToWire(), out var broadcast))
            broadcast.Knows(from);
        _telemetry.Dropped(DropReason.Duplicate);
        return false;
    }

    /// <summary>Verifies, delivers and passes on a broadcast that came from a peer.</summary>
    public async Task ReceiveAsync(Envelope envelope, NodeAddress from, CancellationToken cancellationToken)
    {
        using var span = _telemetry.Begin(SpanNames.ReceiveBroadcast, ActivityKind.Consumer, TraceContext.Read(envelope.Wire.TraceContext), out var trace);
        span?.SetTag("message_id", envelope.Id.ToString()).SetTag("hops", envelope.HopCount);
        var now = _time.GetUtcNow();
        // Nor one that would outlive this node's memory of it, after which it could spread again.
        if (envelope.Expires <= now || envelope.Expires > now + _options.TimeToLive * 2 || envelope.Expires - envelope.Timestamp > _options.TimeToLive * 2)
        {
            _telemetry.Dropped(DropReason.Expired);
            span.Fail("expired");
            return;
        }
        if (!Verify(envelope, span))
        {
            _telemetry.Dropped(DropReason.BadSignature);
            _telemetry.Error(ErrorType.Crypto);
            span.Fail("bad_signature");
            return;
        }
        var key = new BroadcastKey(envelope.Sender, envelope.Id);
        // Only now: a forgery must not make the genuine message look like a duplicate.
        if (!_seen.TryAdd(key, 0))
        {
            _telemetry.Dropped(DropReason.Duplicate);
            return;
        }
        var broadcast = Keep(key, envelope);
        broadcast.Knows(from);
        if (envelope.HopCount < envelope.Wire.HopLimit)
            await PushAsync(broadcast, envelope.NextHop(_identity.Address, default), from, trace, cancellationToken);
        await DeliverAsync(envelope, now, span, cancellationToken);
    }

    /// <summary>A peer says what it has: ask for what is missing here.</summary>
    public async ValueTask OnAnnounceAsync(PeerConnection connection, Announce announce, CancellationToken cancellationToken)
    {
        var want = new Want();
        foreach (var key in announce.Keys.Take(MaxKeysPerFrame))
        {
            if (key.Length != BroadcastKey.Size)
                throw new MesharaException(ErrorCodes.Protocol, "An announced key has a wrong length.");
            if (_recent.TryGet(key, out var known))
                known.Knows(connection.Peer);
            else
                want.Keys.Add(key);
        }
        if (want.Keys.Count > 0)
            await connection.SendAsync(new Frame { Want = want }, cancellationToken);
    }

    /// <summary>A peer asks for broadcasts it was told of.</summary>
    public async ValueTask OnWantAsync(PeerConnection connection, Want want, CancellationToken cancellationToken)
    {
        foreach (var key in want.Keys.Take(MaxKeysPerFrame))
        {
            if (!_recent.TryGet(key, out var broadcast) || broadcast.Envelope.HopCount >= broadcast.Envelope.Wire.HopLimit)
                continue;
            var parent = TraceContext.Read(broadcast.Envelope.Wire.TraceContext);
            await PushToAsync(broadcast, connection, broadcast.Envelope.NextHop(_identity.Address, default), parent, cancellationToken);
        }
    }

    /// <summary>Announces until cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        _swarm.Connected += OnConnected;
        using var timer = new PeriodicTimer(_options.AnnounceInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
                await AnnounceAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
        finally
        {
            _swarm.Connected -= OnConnected;
        }
    }

    /// <summary>A new peer may have missed everything: it is told of all that is recent at the next announcement.</summary>
    private void OnConnected(PeerConnection connection)
    {
        foreach (var (_, broadcast) in _recent.Snapshot())
            broadcast.AnnounceTo(connection.Peer);
    }

    private async Task AnnounceAsync(CancellationToken stopping)
    {
        var recent = _recent.Snapshot();
        foreach (var connection in _swarm.Connections)
        {
            var announce = new Announce();
            foreach (var (key, broadcast) in recent)
            {
                if (announce.Keys.Count < MaxKeysPerFrame && broadcast.TakeAnnouncement(connection.Peer))
                    announce.Keys.Add(key);
            }
            if (announce.Keys.Count > 0)
                await connection.SendAsync(new Frame { Announce = announce }, stopping);
        }
    }

    private static bool Verify(Envelope envelope, Activity? parent)
    {
        using var span = parent.StartChild(SpanNames.Verify);
        var valid = envelope.HasValidSignature();
        if (!valid)
            span.Fail("bad_signature");
        return valid;
    }

    private async Task DeliverAsync(Envelope envelope, DateTimeOffset now, Activity? parent, CancellationToken cancellationToken)
    {
        using var span = parent.StartChild(SpanNames.Deliver);
        var delivered = await _store.DeliverAsync(
            new IncomingMessage(envelope.Id, envelope.Sender, IsBroadcast: true, envelope.Timestamp, now, envelope.Wire.Payload.Memory, envelope.Expires), cancellationToken);
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
        var broadcast = new Broadcast(key.ToWire(), envelope, [.. _swarm.Connections.Select(connection => connection.Peer)]);
        _recent.Set(broadcast.Key, broadcast);
        return broadcast;
    }

    private async Task PushAsync(Broadcast broadcast, Protocol.Wire.Envelope wire, NodeAddress from, ActivityContext parent, CancellationToken cancellationToken)
    {
        var peers = _swarm.Connections
            .Where(connection => connection.IsOpen && connection.HasRoom && connection.Peer != from && connection.Peer != broadcast.Envelope.Sender)
            .ToArray();
        Random.Shared.Shuffle(peers);
        foreach (var peer in peers.Take(_options.Fanout))
            await PushToAsync(broadcast, peer, wire, parent, cancellationToken);
    }

    private async Task PushToAsync(Broadcast broadcast, PeerConnection peer, Protocol.Wire.Envelope wire, ActivityContext parent, CancellationToken cancellationToken)
    {
        using var span = _telemetry.Begin(SpanNames.GossipForward, ActivityKind.Producer, parent, out var trace);
        span?.SetTag("peer", peer.Peer.ToString());
        wire.TraceContext = TraceContext.Write(trace);
        if (await peer.SendAsync(new Frame { Envelope = wire }, cancellationToken) == 0)
        {
            span.Fail("connection_closed");
            return;
        }
        broadcast.Knows(peer.Peer);
        if (broadcast.Envelope.Sender != _identity.Address)
            _telemetry.Forwarded(MessageType.Broadcast);
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "BroadcastReceived", Level = LogLevel.Debug, Message = "Broadcast received")]
        public static partial void BroadcastReceived(ILogger logger, MessageId messageId, NodeAddress sender, uint hops);
    }
}
