using System.Diagnostics;
using System.Threading.Channels;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Envelope = Meshara.Node.Protocol.Envelope;

namespace Meshara.Node.Routing;

/// <summary>
/// Relays messages for others, hop by hop: never back to where they have been, never beyond their hop limit. What cannot
/// be passed on is reported to the hop before, so that the sender need not wait for a timeout.
/// </summary>
internal sealed partial class Forwarder(
    NodeIdentity identity, RouteFinder finder, RouteCache routes, VerifiedBatches verified, Swarm swarm, MeshTelemetry telemetry, TimeProvider time, ILogger<Forwarder> logger)
{
    // Relaying may have to dial; this many messages may wait for that at once.
    private const int Workers = 16;
    private const int QueueLength = 4096;
    private const int MaxHopsTried = 3;

    private readonly Channel<Job> _queue = Channel.CreateBounded<Job>(new BoundedChannelOptions(QueueLength) { FullMode = BoundedChannelFullMode.Wait });
    private readonly RecentMap<MessageId, NodeAddress> _cameFrom = new(20_000, TimeSpan.FromMinutes(2), time);

    /// <summary>A message of this node itself could not be passed on by a relay.</summary>
    public event Action<MessageId, NodeAddress>? OwnMessageReturned;

    /// <summary>Takes a message for another node; drops it when too many are waiting.</summary>
    public void Accept(Envelope envelope, NodeAddress from)
    {
        if (envelope.HopCount + 1 > envelope.Wire.HopLimit)
            telemetry.Dropped(DropReason.HopLimit);
        else if (envelope.Expires <= time.GetUtcNow())
            telemetry.Dropped(DropReason.Expired);
        else if (!_queue.Writer.TryWrite(new Job(envelope, from)))
            telemetry.Dropped(DropReason.QueueFull);
    }

    /// <summary>A next hop could not pass a message on.</summary>
    public async ValueTask OnUndeliverableAsync(Undeliverable undeliverable, NodeAddress from, CancellationToken cancellationToken)
    {
        if (undeliverable.Id.Length != MessageId.Size || undeliverable.Sender.Length != NodeAddress.Size || undeliverable.Recipient.Length != NodeAddress.Size)
            throw new MesharaException(ErrorCodes.Protocol, "A report of an undeliverable message is malformed.");
        var id = new MessageId(undeliverable.Id.Span);
        var recipient = new NodeAddress(undeliverable.Recipient.Span);
        if (routes.TryGet(recipient, out var via) && via == from)
            routes.Forget(recipient);
        if (new NodeAddress(undeliverable.Sender.Span) == identity.Address)
            OwnMessageReturned?.Invoke(id, from);
        else if (_cameFrom.TryGet(id, out var previous) && swarm.TryGet(previous, out var connection))
            await connection.SendAsync(new Frame { Undeliverable = undeliverable }, cancellationToken);
    }

    /// <summary>Relays until cancelled.</summary>
    public Task RunAsync(CancellationToken stopping) =>
        Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => WorkAsync(stopping)));

    private async Task WorkAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var job in _queue.Reader.ReadAllAsync(stopping))
            {
                try
                {
                    await ForwardAsync(job.Envelope, job.From, stopping);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // A defect of this program: said loudly, but one message must not cost a worker.
                    telemetry.Error(ErrorType.Routing);
                    Log.ForwardFailed(logger, job.Envelope.Id, e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping; senders retry through others.
        }
    }

    private async Task ForwardAsync(Envelope envelope, NodeAddress from, CancellationToken cancellationToken)
    {
        using var span = telemetry.Begin(SpanNames.ForwardMessage, ActivityKind.Internal, TraceContext.Read(envelope.Wire.TraceContext), out var trace);
        span?.SetTag("message_id", envelope.Id.ToString()).SetTag("hops", envelope.HopCount);
        if (!envelope.HasValidSignature(verified))
        {
            telemetry.Dropped(DropReason.BadSignature);
            telemetry.Error(ErrorType.Crypto);
            span.Fail("bad_signature");
            return;
        }
        routes.Learn(envelope, from);
        var frame = new Frame { Envelope = envelope.NextHop(identity.Address, trace) };
        var tried = new HashSet<NodeAddress> { from, envelope.Sender, identity.Address };
        for (var hops = 0; hops < MaxHopsTried; hops++)
        {
            if (finder.Find(envelope.Recipient, peer => tried.Contains(peer) || envelope.HasVisited(peer), rotation: 0) is not { } hop)
                break;
            tried.Add(hop.Peer);
            if (!await TrySendAsync(hop, frame, cancellationToken))
                continue;
            _cameFrom.Set(envelope.Id, from);
            telemetry.Forwarded(envelope.Type);
            span?.SetTag("peer", hop.Peer.ToString());
            return;
        }
        span.Fail("no_route");
        telemetry.Error(ErrorType.Routing);
        await ReturnAsync(envelope, from, cancellationToken);
    }

    private async Task<bool> TrySendAsync(Hop hop, Frame frame, CancellationToken cancellationToken)
    {
        try
        {
            if (!swarm.TryGet(hop.Peer, out var connection))
            {
                if (hop.Dial is null)
                    return false;
                connection = await swarm.ConnectAsync(hop.Dial, cancellationToken);
            }
            return await connection.SendAsync(frame, cancellationToken) > 0;
        }
        catch (MesharaException)
        {
            return false; // the swarm has logged and counted it; another hop may do
        }
    }

    private async Task ReturnAsync(Envelope envelope, NodeAddress from, CancellationToken cancellationToken)
    {
        if (swarm.TryGet(from, out var connection))
        {
            await connection.SendAsync(new Frame
            {
                Undeliverable = new Undeliverable
                {
                    Id = envelope.Wire.Id,
                    Sender = envelope.Wire.Sender,
                    Recipient = UnsafeByteOperations.UnsafeWrap(envelope.Recipient.ToBytes()),
                },
            }, cancellationToken);
        }
    }

    private sealed record Job(Envelope Envelope, NodeAddress From);

    private static partial class Log
    {
        [LoggerMessage(EventName = "ForwardFailed", Level = LogLevel.Error, Message = "Relaying a message failed unexpectedly")]
        public static partial void ForwardFailed(ILogger logger, MessageId messageId, Exception exception);
    }
}
