using System.Threading.Channels;
using Google.Protobuf;
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
/// Store and forward: sealed messages for nodes that cannot be reached rest with nodes near them in the key space until
/// they return or the message expires. Both sides of it: asking others to keep, and keeping for others.
/// </summary>
internal sealed partial class Depot
{
    // Messages handed over to a returning node at a time; the next ones go when these are safe with it.
    private const int HandoverBatch = 64;

    // Deposits under way at once to one relay.
    private const int Parallelism = 16;

    private readonly NodeIdentity _identity;
    private readonly Swarm _swarm;
    private readonly Dht _dht;
    private readonly IRelayStore _store;
    private readonly VerifiedBatches _verified;
    private readonly DeliveryOptions _options;
    private readonly MeshTelemetry _telemetry;
    private readonly TimeProvider _time;
    private readonly ILogger<Depot> _logger;
    private readonly Channel<NodeAddress> _returned = Channel.CreateUnbounded<NodeAddress>();

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
        _time = time;
        _logger = logger;
        swarm.Connected += connection => _returned.Writer.TryWrite(connection.Peer);
    }

    /// <summary>Asks the nodes closest to the recipient to keep messages; returns for each how many do.</summary>
    public async Task<int[]> DepositAsync(NodeAddress recipient, IReadOnlyList<Envelope> messages, CancellationToken cancellationToken)
    {
        var relays = await _dht.ClosestAsync(recipient, _options.DepositCopies, cancellationToken);
        var kept = new int[messages.Count];
        foreach (var relay in relays)
        {
            await Parallel.ForEachAsync(
                Enumerable.Range(0, messages.Count),
                new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken },
                async (i, cancel) =>
                {
                    if (await TryDepositAsync(relay, messages[i], cancel))
                        kept[i]++;
                });
        }
        Log.Deposited(_logger, recipient, messages.Count, relays.Count);
        return kept;
    }

    /// <summary>Keeps a message for somebody else, within the store's quotas.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Protocol"/> when it is malformed.</exception>
    public async ValueTask OnDepositAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken)
    {
        if (frame.Deposit.Envelope is not { } wire || !Envelope.TryParse(wire, out var envelope, out _) || envelope.Type != MessageType.Private)
            throw new MesharaException(ErrorCodes.Protocol, "A message to keep is malformed.");
        var held = await TryHoldAsync(envelope, cancellationToken);
        connection.TrySendUrgent(new Frame { Correlation = frame.Correlation, Deposited = new Deposited { Held = held } });
        if (held && _swarm.TryGet(envelope.Recipient, out _))
            _returned.Writer.TryWrite(envelope.Recipient);
    }

    /// <summary>Hands over until cancelled.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var peer in _returned.Reader.ReadAllAsync(stopping))
                await HandOverAsync(peer, stopping);
        }
        catch (OperationCanceledException)
        {
            // The node is stopping; what it keeps it still has when it returns.
        }
    }

    private async Task<bool> TryDepositAsync(PeerRecord relay, Envelope message, CancellationToken cancellationToken)
    {
        try
        {
            if (!_swarm.TryGet(relay.Address, out var connection))
                connection = await _swarm.ConnectAsync(relay, cancellationToken);
            var answer = await connection.RequestAsync(new Frame { Deposit = new Deposit { Envelope = message.Wire } }, cancellationToken);
            return answer.Deposited is { Held: true };
        }
        catch (MesharaException e)
        {
            Log.NotDeposited(_logger, relay.Address, e.Message);
            return false;
        }
    }

    private async ValueTask<bool> TryHoldAsync(Envelope envelope, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (envelope.Recipient == _identity.Address || envelope.Expires <= now || envelope.Expires > now + _options.MaxTimeToLive)
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
                new HeldMessage(envelope.Recipient, envelope.Sender, envelope.Id, envelope.Wire.ToByteArray(), envelope.Expires), cancellationToken);
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

    /// <summary>Gives a node that is back what was kept for it; stops at the first batch that it does not take whole.</summary>
    private async Task HandOverAsync(NodeAddress peer, CancellationToken stopping)
    {
        try
        {
            while (_swarm.TryGet(peer, out var connection))
            {
                var held = await _store.TakeHeldAsync(peer, HandoverBatch, stopping);
                if (held.Count == 0)
                    return;
                var taken = await Task.WhenAll(held.Select(message => TryHandOverAsync(connection, message, stopping)));
                var safe = held.Where((_, i) => taken[i]).Select(message => (message.Sender, message.Id)).ToList();
                await _store.ReleaseAsync(safe, stopping);
                Log.HandedOver(_logger, peer, safe.Count);
                if (safe.Count < held.Count)
                    return; // it will be tried again when the node connects again
            }
        }
        catch (MesharaException e)
        {
            _telemetry.Error(ErrorType.Storage);
            Log.NotHeld(_logger, e.Message);
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // A defect of this program: said loudly, but one peer must not stop the hand-over to all others.
            _telemetry.Error(ErrorType.Protocol);
            Log.HandoverFailed(_logger, peer, e);
        }
    }

    private async Task<bool> TryHandOverAsync(PeerConnection connection, HeldMessage message, CancellationToken stopping)
    {
        try
        {
            var wire = Protocol.Wire.Envelope.Parser.ParseFrom(message.Envelope.Span);
            await connection.RequestAsync(new Frame { Handover = new Handover { Envelope = wire } }, stopping);
            _telemetry.Forwarded(MessageType.Private);
            return true;
        }
        catch (InvalidProtocolBufferException e)
        {
            _telemetry.Error(ErrorType.Storage);
            Log.HeldDamaged(_logger, message.Id, e);
            return true; // nobody can read it: it only takes up room
        }
        catch (MesharaException e)
        {
            Log.NotDeposited(_logger, connection.Peer, e.Message);
            return false;
        }
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
