using System.Diagnostics;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;

namespace Meshara.Node.Delivery;

internal sealed partial class Outbox
{
    // Messages handed over to one recipient and not yet acknowledged. A larger window would only mean more resends to a slow
    // recipient.
    private const int Window = 2048;

    private static readonly TimeSpan MinPause = TimeSpan.FromMilliseconds(100);

    private void Enqueue(OutgoingMessage message)
    {
        RecipientQueue? queue;
        lock (_gate)
        {
            if (!_queues.TryGetValue(message.Recipient, out queue))
            {
                var passage = _passages.GetOrAdd(message.Recipient, _options.RetryBase, static (_, target) => new Passage(target));
                _queues[message.Recipient] = queue = new RecipientQueue(message.Recipient, Window, passage);
            }
            queue.AddReady(message);
            if (queue.InFlight > 0 || !_accepting || !_swarm.TryGet(message.Recipient, out var connection) || !connection.HasRoom)
            {
                Schedule(queue);
                return;
            }
            if (!queue.TryClaim())
                return;
        }
        // Run in the outbox's own context, as a worker would: logs and traces belong to the message, not to the request that
        // brought it.
        ExecutionContext.Run(_context, static state =>
        {
            var (outbox, queue) = ((Outbox, RecipientQueue))state!;
            _ = outbox.SendHereAsync(queue);
        }, (this, queue));
    }

    /// <summary>
    /// Sends a message with nothing in flight before it on the sender's thread, without waking a worker; later ones queue up
    /// meanwhile.
    /// </summary>
    private async Task SendHereAsync(RecipientQueue queue)
    {
        if (Take(queue) is not { } message || !await AttemptAsync(queue, message))
            return;
        lock (_gate)
        {
            queue.Release();
            Schedule(queue);
            if (queue.IsEmpty)
                _queues.Remove(queue.Recipient);
        }
    }

    /// <summary>
    /// Starts a worker for the queue if it has something to do. Each active recipient has its own worker, so that a slow or
    /// missing recipient holds up no other. The caller holds the lock.
    /// </summary>
    private void Schedule(RecipientQueue queue)
    {
        if (_stopping.IsCancellationRequested || !queue.TryClaim())
            return;
        Interlocked.Increment(ref _serving);
        Work.Queue(
            static state => ExecutionContext.Run(state.Outbox._context, static state => _ = Serve(state!), state),
            (Outbox: this, Queue: queue), preferLocal: false);

        static Task Serve(object state)
        {
            var (outbox, queue) = ((Outbox, RecipientQueue))state;
            return outbox.ServeAsync(queue);
        }
    }

    private async Task ServeAsync(RecipientQueue queue)
    {
        while (Take(queue) is { } message && await AttemptAsync(queue, message))
        {
            // Until the queue has nothing to do, or the node stops.
        }
        Leave();
    }

    /// <summary>Completes the shutdown when the last worker stops; from then on nothing more is handed to a peer.</summary>
    private void Leave()
    {
        if (Interlocked.Decrement(ref _serving) == 0)
            _served.TrySetResult();
    }

    private OutgoingMessage? Take(RecipientQueue queue)
    {
        lock (_gate)
        {
            var message = queue.Take();
            if (message is null && queue.IsEmpty)
                _queues.Remove(queue.Recipient);
            return message;
        }
    }

    /// <summary>Makes one attempt and handles any failure. False if the node is stopping; pending messages stay in the store.</summary>
    private async Task<bool> AttemptAsync(RecipientQueue queue, OutgoingMessage message)
    {
        try
        {
            await AttemptAsync(queue, message, _stopping);
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception e)
        {
            // A defect in this program: log it as an error, but retry this message and keep working on others.
            _telemetry.Error(ErrorType.Protocol);
            Log.AttemptFailed(_logger, message.Id, e);
            OnUnreachable(queue, message, "an internal error");
        }
        return true;
    }

    private async Task AttemptAsync(RecipientQueue queue, OutgoingMessage message, CancellationToken stopping)
    {
        if (message.Record.Ends <= _clock.Steady)
        {
            await FinishAsync(message, MessageState.Expired, message.LastFailure);
            return;
        }
        message.Attempts++;
        string? failure;
        if (_swarm.TryGet(queue.Recipient, out _))
        {
            failure = await TryAsync(queue, message, stopping);
        }
        else
        {
            // Looking for a recipient can take long; if it connects by itself meanwhile, the search is cancelled.
            using var probe = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            SetProbe(queue, probe);
            try
            {
                failure = await ProbeAsync(queue, message, probe.Token);
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                _telemetry.Attempt(AttemptOutcome.Unreachable);
                lock (_gate)
                    queue.Return(message);
                return;
            }
            finally
            {
                SetProbe(queue, null);
            }
        }
        if (failure is null)
        {
            OnHandedOver(queue, message);
            return;
        }
        _telemetry.Attempt(AttemptOutcome.Unreachable);
        OnUnreachable(queue, message, failure);
    }

    /// <summary>Null if the message was handed to a peer; otherwise why not.</summary>
    private async Task<string?> TryAsync(RecipientQueue queue, OutgoingMessage message, CancellationToken cancellationToken)
    {
        try
        {
            if (message.Attempts > 1)
                await DepositAsync(queue, cancellationToken);
            await SealLateAsync(message, cancellationToken);
            if (message.Record.Sealed is null)
                return "nobody in the mesh knows the recipient";
            Sign(queue, message);
            if (await HandOverAsync(message, cancellationToken))
                return null;
            await DepositAsync(queue, cancellationToken);
            return "the recipient cannot be reached";
        }
        catch (MesharaException e)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Signs a message if it is unsigned, together with others that wait for the same recipient: at higher rates more messages
    /// share a signature.
    /// </summary>
    private void Sign(RecipientQueue queue, OutgoingMessage message)
    {
        if (!message.IsUnsigned)
            return;
        var batch = new List<OutgoingMessage> { message };
        lock (_gate)
            queue.AddUnsigned(batch, Envelope.MaxBatch);
        Sign(batch);
    }

    private void Sign(List<OutgoingMessage> batch)
    {
        var spans = batch.ConvertAll(message => _telemetry.Continue(SpanNames.Sign, ActivityKind.Internal, message.Creation));
        Envelope.Sign(_identity, batch.ConvertAll(message => message.Record.Sealed!).ToArray());
        foreach (var span in spans)
            span?.Dispose();
    }

    private async ValueTask<bool> HandOverAsync(OutgoingMessage message, CancellationToken stopping)
    {
        // A recipient that did not answer may have moved: ask the mesh for a newer record before trying again.
        if (message.Attempts > 1 && !_swarm.TryGet(message.Recipient, out _))
            await LookUpAsync(message, refresh: true, stopping);
        message.SentTimestamp = _clock.GetTimestamp();
        message.Record.Sealed!.SetAge(_clock.Steady);
        if (await _router.SendAsync(message.Record.Sealed!, message.Attempts, message.Record.Trace, traced: true, stopping) is not { } hop)
            return false;
        message.Departure = _swarm.TryGet(hop.Peer, out var connection) ? (connection, connection.Queued) : null;
        _messages.Routed(message, hop);
        return true;
    }

    private void OnHandedOver(RecipientQueue queue, OutgoingMessage message)
    {
        if (!message.WasSent)
            _telemetry.Sent(Tags.Private);
        message.WasSent = true;
        var isConnected = _swarm.TryGet(message.Recipient, out _);
        TimeSpan wait;
        lock (_gate)
        {
            if (isConnected)
                queue.Reached();
            wait = AcknowledgmentWaitLocked(queue, message, isConnected);
        }
        if (!message.IsFinished)
            _acknowledgmentsDue.Add(new Attempt(message.Id, message.Attempts), wait);
    }

    /// <summary>How long to wait for the acknowledgment of a message just handed over. The caller holds the lock.</summary>
    private TimeSpan AcknowledgmentWaitLocked(RecipientQueue queue, OutgoingMessage message, bool isConnected)
    {
        var cap = isConnected ? ConnectedCap : _options.RetryCap;
        // A new message also waits longer after probes with other messages have failed.
        var attempts = Math.Max(message.Attempts, queue.Failures);
        return Backoff.AcknowledgmentWait(queue.Passage.Patience(message.Bytes, cap), _options.RetryBase, cap, attempts);
    }

    private TimeSpan ConnectedCap => _options.ConnectedRetryCap < _options.RetryCap ? _options.ConnectedRetryCap : _options.RetryCap;

    private void OnUnreachable(RecipientQueue queue, OutgoingMessage message, string failure)
    {
        int failures;
        lock (_gate)
        {
            message.LastFailure = failure;
            failures = Fail(queue, message);
        }
        Log.Unreachable(_logger, message.Id, message.Recipient, failure, failures);
    }

    /// <summary>
    /// Pauses the queue, longer with each consecutive failed probe, and returns their number. The caller holds the lock.
    /// </summary>
    private int Fail(RecipientQueue queue, OutgoingMessage message)
    {
        if (!queue.Failed(message, out var failures))
            return failures;
        // If the recipient is connected now, the attempt used a connection that has just been replaced: retry soon.
        PauseLocked(queue, _swarm.TryGet(queue.Recipient, out _)
            ? Backoff.FullJitter(MinPause, ConnectedCap, failures)
            : Backoff.FullJitter(_options.RetryBase, _options.RetryCap, failures));
        return failures;
    }

    private void PauseLocked(RecipientQueue queue, TimeSpan pause) => _pausesOver.Add(queue, pause > MinPause ? pause : MinPause);

    private void Resume(RecipientQueue queue)
    {
        lock (_gate)
        {
            queue.Resume();
            Schedule(queue);
        }
    }

    private void OnAcknowledgmentDue(Attempt attempt)
    {
        if (!_pending.TryGetValue(attempt.Id, out var message) || message.IsFinished || message.Attempts != attempt.Number)
            return; // finished, or handed over again since; the later attempt has its own deadline
        lock (_gate)
        {
            var isConnected = _swarm.TryGet(message.Recipient, out _);
            if (!_queues.TryGetValue(message.Recipient, out var queue))
                return;
            if (!message.HasLeft)
            {
                // It is still queued behind other frames on a slow link.
                _acknowledgmentsDue.Add(new Attempt(message.Id, message.Attempts), AcknowledgmentWaitLocked(queue, message, isConnected));
                return;
            }
            if (!(isConnected ? queue.Return(message) : queue.Doubt(message)))
                return; // it is already being attempted again
            // Silence from an unreachable recipient is not congestion, and backing off would delay the deposit with relays.
            if (isConnected)
                queue.Passage.TimedOut(message.SentTimestamp, _clock.GetTimestamp());
            message.LastFailure = "no acknowledgment in time";
            Schedule(queue);
        }
        _telemetry.Attempt(AttemptOutcome.Timeout);
        _telemetry.Error(ErrorType.Timeout);
        Log.AcknowledgmentOverdue(_logger, message.Id, message.Recipient, message.Attempts);
    }

    /// <summary>The recipient is back: messages sent over an old connection are lost, and waiting ones need wait no longer.</summary>
    private void OnConnected(PeerConnection connection)
    {
        lock (_gate)
        {
            if (!_queues.TryGetValue(connection.Peer, out var queue))
                return;
            // Connected is raised after the connection becomes usable; messages already sent over it are not lost.
            for (var lost = queue.ReturnSentBefore(_clock.GetTimestamp(), connection); lost > 0; lost--)
                _telemetry.Attempt(AttemptOutcome.Timeout);
            queue.Passage.Restart();
            queue.Reached();
            Schedule(queue);
            if (queue.Probe is { } probe)
                Work.Cancel(probe);
        }
    }

    /// <summary>The node was suspended: messages waiting for an unreachable recipient are retried at once.</summary>
    private void OnResumed(TimeSpan stoodStill)
    {
        lock (_gate)
        {
            foreach (var queue in _queues.Values)
            {
                queue.Resume();
                Schedule(queue);
            }
        }
    }

    /// <summary>A relay could not pass a message on: try another route after a growing pause.</summary>
    private void OnReturned(MessageId id, NodeAddress relay)
    {
        if (!_pending.TryGetValue(id, out var message) || message.IsFinished)
            return;
        lock (_gate)
        {
            if (!_queues.TryGetValue(message.Recipient, out var queue) || !queue.Return(message))
                return;
            message.LastFailure = $"{relay.Short} could not pass it on";
            Fail(queue, message);
        }
        _telemetry.Attempt(AttemptOutcome.Unreachable);
    }

    /// <summary>The recipient is reachable but has no room: the message and all others to it wait.</summary>
    private void OnInboxFull(OutgoingMessage message)
    {
        lock (_gate)
        {
            if (message.IsFinished || !_queues.TryGetValue(message.Recipient, out var queue))
                return;
            message.LastFailure = "the recipient's inbox is full";
            if (queue.Refused(message, out var refusals))
                PauseLocked(queue, Backoff.FullJitter(_options.RetryBase, ConnectedCap, refusals));
        }
        _telemetry.Attempt(AttemptOutcome.Rejected);
    }

    /// <summary>True while messages for the peer are pending.</summary>
    private bool IsAwaited(NodeAddress peer)
    {
        lock (_gate)
            return _queues.ContainsKey(peer);
    }

    private int InFlight()
    {
        lock (_gate)
            return _queues.Values.Sum(queue => queue.InFlight);
    }

    /// <summary>
    /// One hand-over that awaits an acknowledgment. It holds the id only: most messages end long before the deadline and would
    /// otherwise be kept in memory until then.
    /// </summary>
    private readonly record struct Attempt(MessageId Id, int Number);
}
