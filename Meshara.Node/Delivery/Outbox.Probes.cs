using System.Diagnostics;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Telemetry;

namespace Meshara.Node.Delivery;

/// <summary>Reaching a recipient that is not connected.</summary>
internal sealed partial class Outbox
{
    // Recipients searched for and dialled at once. First probes and repeated ones have separate slots.
    private const int MaxProbes = 256;

    // Messages handed to relays per batch.
    private const int DepositBatch = 256;

    /// <summary>
    /// Searches for a recipient that is not connected. Recipients whose probes have failed before take no slots from others.
    /// </summary>
    private async Task<string?> ProbeAsync(RecipientQueue queue, OutgoingMessage message, CancellationToken cancellationToken)
    {
        var places = queue.Failures == 0 ? _firstProbes : _laterProbes;
        await places.WaitAsync(cancellationToken);
        try
        {
            return await TryAsync(queue, message, cancellationToken);
        }
        finally
        {
            places.Release();
        }
    }

    private void SetProbe(RecipientQueue queue, CancellationTokenSource? probe)
    {
        lock (_gate)
            queue.Probe = probe;
    }

    /// <summary>Seals a message that was accepted before the recipient's key was known.</summary>
    private async ValueTask SealLateAsync(OutgoingMessage message, CancellationToken stopping)
    {
        if (message.Record.Sealed is not null || await LookUpAsync(message, refresh: false, stopping) is not { } peer)
            return;
        var sealedRecord = Seal(message.Record, peer, out var creation);
        await _store.SealAsync(sealedRecord, stopping);
        (message.Record, message.Creation) = (sealedRecord, creation);
    }

    /// <summary>
    /// Asks relays to keep the messages for an unreachable recipient, so that they arrive even if this node is gone when the
    /// recipient returns. This node keeps trying as well.
    /// </summary>
    private async ValueTask DepositAsync(RecipientQueue queue, CancellationToken stopping)
    {
        if (_options.DepositCopies == 0 || _swarm.TryGet(queue.Recipient, out _))
            return;
        while (true)
        {
            List<OutgoingMessage> waiting;
            lock (_gate)
                waiting = queue.NotHeld(DepositBatch);
            if (waiting.Count == 0)
                return;
            foreach (var batch in waiting.Where(message => message.IsUnsigned).Chunk(Envelope.MaxBatch))
                Sign([.. batch]);
            var kept = await _depot.DepositAsync(queue.Recipient, [.. waiting.Select(message => message.Record.Sealed!)], stopping);
            for (var i = 0; i < waiting.Count; i++)
                waiting[i].HeldBy = kept[i];
            if (waiting.Count < DepositBatch || kept.Contains(0))
                return; // all are kept, or the relays take no more for now
        }
    }

    /// <summary>Asks the mesh for the recipient's record, in the message's own trace.</summary>
    private async ValueTask<PeerRecord?> LookUpAsync(OutgoingMessage message, bool refresh, CancellationToken stopping)
    {
        if (!refresh && _book.TryGet(NodeId.Of(message.Recipient), out var known))
            return known;
        using var routing = _telemetry.Continue(SpanNames.RouteMessage, ActivityKind.Internal, message.Record.Trace);
        using var finding = routing.StartChild(SpanNames.FindRoute);
        var trace = finding?.Context ?? message.Record.Trace;
        var found = refresh ? await _dht.RefreshAsync(message.Recipient, trace, stopping) : await _dht.FindAsync(message.Recipient, trace, stopping);
        if (found is null)
        {
            finding.Fail("no_route");
            routing.Fail("no_route");
        }
        return found;
    }
}
