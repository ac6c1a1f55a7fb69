using System.Net;
using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Node.Storage;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Node.Delivery;

/// <summary>
/// Store and forward: keeps sealed messages for unreachable nodes on nodes near them in the key space, until they return or the
/// message expires. Covers both sides: asking others to keep messages, and keeping them for others.
/// </summary>
internal sealed partial class Depot
{
    // Messages handed over to a returning node at a time; the next batch follows once these are stored there.
    private const int HandoverBatch = 64;
    private const int HandoverBytes = 256 * 1024;

    // Connected peers that messages are being handed over to.
    private const int MaxReturned = 100_000;

    // Concurrent deposits to one relay.
    private const int Parallelism = 16;

    private readonly NodeIdentity _identity;
    private readonly Swarm _swarm;
    private readonly Dht _dht;
    private readonly IRelayStore _store;
    private readonly VerifiedBatches _verified;
    private readonly DeliveryOptions _options;
    private readonly MeshTelemetry _telemetry;
    private readonly NodeClock _clock;
    private readonly ILogger<Depot> _logger;
    private readonly PeerQueues<NodeAddress> _returned;

    public Depot(
        NodeIdentity identity, Swarm swarm, Dht dht, IRelayStore store, VerifiedBatches verified, IOptions<DeliveryOptions> options, MeshTelemetry telemetry, TimeProvider time, ILogger<Depot> logger)
    {
        _identity = identity;
        _swarm = swarm;
        _dht = dht;
        _store = store;
        _verified = verified;
        _options = options.Value;
        _telemetry = telemetry;
        _clock = NodeClock.Of(time);
        _logger = logger;
        _returned = new PeerQueues<NodeAddress>(2, MaxReturned, HandOverAsync, OnFailure);
        swarm.Connected += connection => HandOver(connection.Peer);
    }

    /// <summary>Asks the nodes closest to the recipient to keep messages; returns, for each message, how many nodes do.</summary>
    public async Task<int[]> DepositAsync(NodeAddress recipient, IReadOnlyList<Envelope> messages, CancellationToken cancellationToken)
    {
        var relays = await _dht.ClosestAsync(recipient, _options.DepositCopies, cancellationToken);
        var kept = new int[messages.Count];
        // All relays at once, so that a slow relay does not delay the copies on the others.
        await Task.WhenAll(relays.Select(relay => DepositAsync(relay, messages, kept, cancellationToken)));
        Log.Deposited(_logger, recipient, messages.Count, relays.Count);
        return kept;
    }

    private async Task DepositAsync(PeerRecord relay, IReadOnlyList<Envelope> messages, int[] kept, CancellationToken cancellationToken)
    {
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Math.Min(Parallelism, messages.Count)).Select(_ => WorkAsync()));

        async Task WorkAsync()
        {
            while (Interlocked.Increment(ref next) is var i && i < messages.Count)
            {
                if (await TryDepositAsync(relay, messages[i], cancellationToken))
                    Interlocked.Increment(ref kept[i]);
            }
        }
    }

    /// <summary>Keeps a message for another node, within the store's quotas.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Protocol"/> if it is malformed.</exception>
    public async ValueTask OnDepositAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken)
    {
        if (frame.Deposit.Envelope is not { } wire || !Envelope.TryParse(wire, out var envelope, out _) || envelope.Type != MessageType.Private)
            throw new MesharaException(ErrorCodes.Protocol, "A message to keep is malformed.");
        // Only the sender itself may deposit, since quotas are per sender: otherwise one peer could fill the store in the name
        // of many.
        var held = envelope.Sender == connection.Peer ? await TryHoldAsync(envelope, connection.AddressGroup, cancellationToken) : Refuse();
        connection.TrySendUrgent(new Frame { Correlation = frame.Correlation, Deposited = new Deposited { Held = held } });
        if (held && _swarm.TryGet(envelope.Recipient, out _))
            HandOver(envelope.Recipient);
    }

    /// <summary>Hands messages over until cancelled.</summary>
    public Task RunAsync(CancellationToken stopping) => _returned.RunAsync(stopping);

    /// <summary>
    /// Starts handing over what is kept for a connected peer. While that runs, one more request in the queue is enough.
    /// </summary>
    private void HandOver(NodeAddress peer) => _returned.TryAdd(peer, peer, size: 1);

    private async Task<bool> TryDepositAsync(PeerRecord relay, Envelope message, CancellationToken cancellationToken)
    {
        try
        {
            if (!_swarm.TryGet(relay.Address, out var connection))
                connection = await _swarm.ConnectAsync(relay, cancellationToken);
            var wire = message.Wire.Clone();
            Envelope.SetAge(wire, message.Born, _clock.Steady);
            var answer = await connection.RequestAsync(new Frame { Deposit = new Deposit { Envelope = wire } }, cancellationToken);
            return answer.Deposited is { Held: true };
        }
        catch (MesharaException e)
        {
            Log.NotDeposited(_logger, relay.Address, e.Message);
            return false;
        }
    }

    private bool Refuse()
    {
        _telemetry.Dropped(DropReason.RateLimited);
        return false;
    }

    private async ValueTask<bool> TryHoldAsync(Envelope envelope, IPAddress? network, CancellationToken cancellationToken)
    {
        if (envelope.Recipient == _identity.Address || !envelope.Arrive(_clock.Steady, _options.MaxTimeToLive))
            return false;
        if (!envelope.HasValidSignature(_verified))
        {
            _telemetry.Dropped(DropReason.BadSignature);
            _telemetry.Error(ErrorType.Crypto);
            return false;
        }
        try
        {
            var result = await _store.HoldAsync(
                new HeldMessage(envelope.Recipient, envelope.Sender, envelope.Id, envelope.Wire.ToByteArray(), envelope.Ends) { Network = network },
                cancellationToken);
            if (result == HoldResult.OverQuota)
                _telemetry.Dropped(DropReason.RateLimited);
            return result != HoldResult.OverQuota;
        }
        catch (MesharaException e)
        {
            _telemetry.Error(ErrorType.Storage);
            Log.NotHeld(_logger, e.Message);
            return false;
        }
    }

    /// <summary>
    /// Hands kept messages over to a returning node for as long as it stays connected. Messages it does not take are retried
    /// after a growing pause.
    /// </summary>
    private async Task HandOverAsync(NodeAddress peer, NodeAddress _, CancellationToken stopping)
    {
        var failures = 0;
        while (_swarm.TryGet(peer, out var connection))
        {
            switch (await HandOverBatchAsync(connection, stopping))
            {
                case Handed.Everything:
                    return;
                case Handed.Batch:
                    failures = 0;
                    break;
                case Handed.Less:
                    await Task.Delay(_options.RetryBase + Backoff.FullJitter(_options.RetryBase, _options.RetryCap, ++failures), _clock, stopping);
                    break;
            }
        }
    }

    private async Task<Handed> HandOverBatchAsync(PeerConnection connection, CancellationToken stopping)
    {
        try
        {
            var held = Batch(await _store.TakeHeldAsync(connection.Peer, HandoverBatch, stopping));
            if (held.Count == 0)
                return Handed.Everything;
            var taken = await Task.WhenAll(held.Select(message => TryHandOverAsync(connection, message, stopping)));
            var safe = held.Where((_, i) => taken[i]).Select(message => (message.Sender, message.Id)).ToList();
            await _store.ReleaseAsync(safe, stopping);
            Log.HandedOver(_logger, connection.Peer, safe.Count);
            return safe.Count < held.Count ? Handed.Less : Handed.Batch;
        }
        catch (MesharaException e)
        {
            _telemetry.Error(ErrorType.Storage);
            Log.NotHeld(_logger, e.Message);
            return Handed.Less;
        }
    }

    /// <summary>As many messages as a slow link carries before the first request times out.</summary>
    private static List<HeldMessage> Batch(IReadOnlyList<HeldMessage> held)
    {
        var bytes = 0;
        return [.. held.TakeWhile((message, i) => (bytes += message.Envelope.Length) <= HandoverBytes || i == 0)];
    }

    /// <summary>Reports a defect in this program without stopping the hand-over to other peers.</summary>
    private void OnFailure(NodeAddress peer, Exception e)
    {
        _telemetry.Error(ErrorType.Protocol);
        Log.HandoverFailed(_logger, peer, e);
    }

    private async Task<bool> TryHandOverAsync(PeerConnection connection, HeldMessage message, CancellationToken stopping)
    {
        try
        {
            var wire = Protocol.Wire.Envelope.Parser.ParseFrom(message.Envelope.Span);
            Envelope.SetAge(wire, born: message.Expires - Lives.Bounded(Envelope.LifeOf(wire), _options.MaxTimeToLive), _clock.Steady);
            var answer = await connection.RequestAsync(new Frame { Handover = new Handover { Envelope = wire } }, stopping);
            if (answer.HandedOver is not { Refused: false })
                return false;
            _telemetry.Forwarded(MessageType.Private);
            return true;
        }
        catch (InvalidProtocolBufferException e)
        {
            _telemetry.Error(ErrorType.Storage);
            Log.HeldDamaged(_logger, message.Id, e);
            return true; // nobody can read it, so it only takes up room
        }
        catch (MesharaException e)
        {
            Log.NotDeposited(_logger, connection.Peer, e.Message);
            return false;
        }
    }

    /// <summary>The result of one batch.</summary>
    private enum Handed
    {
        Everything,
        Batch,
        Less,
    }

    private static partial class Log
    {
        [LoggerMessage(EventName = "MessagesDeposited", Level = LogLevel.Debug, Message = "Relays were asked to keep messages for an unreachable recipient")]
        public static partial void Deposited(ILogger logger, NodeAddress recipient, int messages, int relays);

        [LoggerMessage(EventName = "RelayNotReached", Level = LogLevel.Debug, Message = "A relay or a returning recipient did not answer")]
        public static partial void NotDeposited(ILogger logger, NodeAddress peer, string cause);

        [LoggerMessage(EventName = "MessageNotHeld", Level = LogLevel.Warning, Message = "A message for another node could not be kept: {cause}")]
        public static partial void NotHeld(ILogger logger, string cause);

        [LoggerMessage(EventName = "HeldMessageDamaged", Level = LogLevel.Error, Message = "A kept message cannot be read and is dropped")]
        public static partial void HeldDamaged(ILogger logger, MessageId messageId, Exception exception);

        [LoggerMessage(EventName = "HandoverFailed", Level = LogLevel.Error, Message = "Handing kept messages over failed unexpectedly")]
        public static partial void HandoverFailed(ILogger logger, NodeAddress recipient, Exception exception);

        [LoggerMessage(EventName = "MessagesHandedOver", Level = LogLevel.Debug, Message = "Kept messages were handed over to their recipient")]
        public static partial void HandedOver(ILogger logger, NodeAddress recipient, int messages);
    }
}
