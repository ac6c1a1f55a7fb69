using System.Diagnostics;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Envelope = Meshara.Node.Protocol.Envelope;

namespace Meshara.Node.Routing;

/// <summary>Hands this node's own messages to a next hop.</summary>
internal sealed class Router(RouteFinder finder, Swarm swarm, RouteCache routes, MeshTelemetry telemetry)
{
    // After three refusals, retrying later works better than trying more hops.
    private const int MaxHopsTried = 3;

    private static readonly Func<NodeAddress, bool> Nobody = static _ => false;

    /// <summary>
    /// Hands a message to the best next hop. When <paramref name="traced"/>, records the spans <c>route_message</c> with
    /// <c>find_route</c>, <c>send_to_peer</c>, <c>tls_connect</c> and <c>write_bytes</c>.
    /// </summary>
    /// <param name="envelope">The message; its trace context becomes that of the sending span.</param>
    /// <param name="attempt">1 for the first attempt; later attempts use other relays.</param>
    /// <param name="parent">The parent of the spans and of the trace context that is sent.</param>
    /// <param name="traced">False for acknowledgments, whose only span is <c>send_ack</c>.</param>
    /// <returns>The hop that took the message, or null if none could be reached.</returns>
    public async ValueTask<Hop?> SendAsync(Envelope envelope, int attempt, ActivityContext parent, bool traced, CancellationToken cancellationToken)
    {
        using var span = traced ? telemetry.Continue(SpanNames.RouteMessage, ActivityKind.Internal, parent) : null;
        HashSet<NodeAddress>? tried = null; // the first hop nearly always takes it
        for (var hops = 0; hops < MaxHopsTried; hops++)
        {
            if (await FindAsync(envelope.Recipient, tried, attempt, span, parent, cancellationToken) is not { } hop)
                break;
            if (await SendToPeerAsync(envelope, hop, attempt, span, parent, cancellationToken))
                return hop;
            (tried ??= []).Add(hop.Peer);
            if (hop.Kind == RouteKind.Cached)
                routes.Forget(envelope.Recipient);
        }
        telemetry.Error(ErrorType.Routing);
        span.Fail("unreachable");
        return null;
    }

    /// <summary>
    /// Hands an acknowledgment to the best next hop if that peer is connected and has room. Never waits, because answers to
    /// many senders share a worker.
    /// </summary>
    /// <returns>Null if it needs a lookup, a dial or another hop; <see cref="SendAsync"/> may then find one.</returns>
    public Hop? TrySend(Envelope envelope)
    {
        if (finder.NeedsLookup(envelope.Recipient) || finder.Find(envelope.Recipient, Nobody, rotation: 0) is not { Dial: null } hop)
            return null;
        return swarm.TryGet(hop.Peer, out var connection) && connection.TrySendUrgent(new Frame { Envelope = envelope.Wire }) > 0 ? hop : null;
    }

    private async ValueTask<Hop?> FindAsync(
        NodeAddress recipient, HashSet<NodeAddress>? tried, int attempt, Activity? parent, ActivityContext trace, CancellationToken cancellationToken)
    {
        using var span = parent.StartChild(SpanNames.FindRoute);
        if (tried is null && finder.NeedsLookup(recipient))
            await finder.LookupAsync(recipient, span?.Context ?? trace, cancellationToken);
        var hop = finder.Find(recipient, tried is null ? Nobody : tried.Contains, rotation: attempt - 1);
        if (hop is null)
            span.Fail("no_route");
        else
            span?.SetTag("route", hop.Value.Name);
        return hop;
    }

    private async ValueTask<bool> SendToPeerAsync(Envelope envelope, Hop hop, int attempt, Activity? parent, ActivityContext trace, CancellationToken cancellationToken)
    {
        using var span = parent.StartChild(SpanNames.SendToPeer, ActivityKind.Producer);
        span?.SetTag("peer", hop.Peer.ToString()).SetTag("attempt", attempt);
        try
        {
            var connection = await ConnectAsync(hop, span, cancellationToken);
            envelope.Wire.TraceContext = TraceContext.Write(span?.Context ?? trace);
            using var writing = span.StartChild(SpanNames.WriteBytes);
            var frame = new Frame { Envelope = envelope.Wire };
            // Wait for room only at the recipient itself; instead of a full relay, another one can be used.
            var bytes = hop.Kind == RouteKind.Direct ? await connection.SendAsync(frame, cancellationToken) : connection.TrySend(frame);
            writing?.SetTag("bytes", bytes);
            if (bytes > 0)
                return true;
            var cause = connection.IsOpen ? "no_room" : "connection_closed";
            writing.Fail(cause);
            span.Fail(cause);
            return false;
        }
        catch (MesharaException e)
        {
            span.Fail(e.Code, e);
            return false;
        }
    }

    private async ValueTask<PeerConnection> ConnectAsync(Hop hop, Activity? parent, CancellationToken cancellationToken)
    {
        if (swarm.TryGet(hop.Peer, out var connection))
            return connection;
        if (hop.Dial is null)
            throw new MesharaException(ErrorCodes.Unreachable, $"The connection to {hop.Peer.Short} has just closed.");
        using var span = parent.StartChild(SpanNames.TlsConnect);
        try
        {
            return await swarm.ConnectAsync(hop.Dial, cancellationToken);
        }
        catch (MesharaException e)
        {
            span.Fail(e.Code, e);
            throw;
        }
    }
}
