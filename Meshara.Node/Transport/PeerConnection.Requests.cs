using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Transport;

internal sealed partial class PeerConnection
{
    /// <summary>Sends a request and waits for its answer. The timeout starts when the request has left.</summary>
    /// <returns>The answer, whose body is of the kind that the request calls for.</returns>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Unreachable"/>: closed, no room for the request in time, or no answer in time.</exception>
    public async Task<Frame> RequestAsync(Frame request, CancellationToken cancellationToken)
    {
        request.Correlation = Interlocked.Increment(ref _lastCorrelation);
        var answer = new PendingRequest(AnswerTo(request.BodyCase));
        _requests[request.Correlation] = answer;
        try
        {
            var isUrgent = request.BodyCase is Frame.BodyOneofCase.FindNode or Frame.BodyOneofCase.Ping;
            if ((isUrgent ? TrySendUrgent(request) : await SendInTimeAsync(request, cancellationToken)) == 0)
                throw new MesharaException(ErrorCodes.Unreachable, $"The connection to {Peer.Short} is closed, or the peer takes nothing.");
            return await AnsweredAsync(answer, isUrgent ? 0 : Queued, cancellationToken);
        }
        finally
        {
            _requests.TryRemove(request.Correlation, out _);
        }
    }

    /// <summary>Queues a request; 0 if there is no room for it within the send timeout.</summary>
    private async ValueTask<int> SendInTimeAsync(Frame request, CancellationToken cancellationToken)
    {
        var bytes = TrySend(request);
        if (bytes > 0 || !IsOpen)
            return bytes;
        using var timeout = new CancellationTokenSource(_options.SendTimeout, _time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await SendAsync(request, deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
    }

    /// <summary>
    /// Waits for an answer, and longer while the request, which was queued before <paramref name="position"/>, has not left
    /// yet.
    /// </summary>
    private async Task<Frame> AnsweredAsync(PendingRequest answer, long position, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            var hasLeft = HasLeft(position);
            var patience = _options.RequestTimeout + (_roundTrip.Timeout ?? TimeSpan.Zero);
            try
            {
                return await answer.Task.WaitAsync(patience, _time, cancellationToken);
            }
            catch (TimeoutException) when (!hasLeft && _time.GetElapsedTime(started) < _options.SendTimeout)
            {
                // It is still queued behind other frames on a slow link.
            }
            catch (TimeoutException e)
            {
                throw new MesharaException(ErrorCodes.Unreachable, $"{Peer.Short} did not answer within {patience.TotalSeconds:0.#} s.", e);
            }
        }
    }

    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Protocol"/> if the answer is of the wrong kind.</exception>
    private void OnAnswer(Frame frame)
    {
        if (!_requests.TryGetValue(frame.Correlation, out var request))
            return; // too late: nobody waits for it any more
        if (frame.BodyCase != request.Answer)
            throw new MesharaException(ErrorCodes.Protocol, $"{Peer.Short} answered with {frame.BodyCase} where {request.Answer} was asked for.");
        request.TrySetResult(frame);
    }

    private static Frame.BodyOneofCase AnswerTo(Frame.BodyOneofCase request) => request switch
    {
        Frame.BodyOneofCase.Ping => Frame.BodyOneofCase.Pong,
        Frame.BodyOneofCase.FindNode => Frame.BodyOneofCase.FoundNodes,
        Frame.BodyOneofCase.Deposit => Frame.BodyOneofCase.Deposited,
        Frame.BodyOneofCase.Handover => Frame.BodyOneofCase.HandedOver,
        _ => throw new ArgumentOutOfRangeException(nameof(request)),
    };

    private sealed class PendingRequest(Frame.BodyOneofCase answer) : TaskCompletionSource<Frame>(Work.Asynchronously)
    {
        public Frame.BodyOneofCase Answer { get; } = answer;
    }
}
