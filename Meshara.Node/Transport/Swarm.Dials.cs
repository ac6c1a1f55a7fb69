using System.Collections.Concurrent;
using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Telemetry;

namespace Meshara.Node.Transport;

internal sealed partial class Swarm
{
    // The longest pause determines how fast a partitioned mesh reconnects.
    private static readonly TimeSpan FirstFailurePause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestFailurePause = TimeSpan.FromSeconds(6);

    // How long to wait for one endpoint before also trying the next.
    private static readonly TimeSpan AttemptDelay = TimeSpan.FromMilliseconds(250);

    // Not disposed: dials that outlive everything else still release it.
    private readonly SemaphoreSlim _dialSlots;
    private readonly PeerPauses _failures;
    private readonly ConcurrentDictionary<string, Lazy<Task<PeerConnection>>> _dials = new();

    /// <summary>The connection to a peer; dials its endpoints if there is none.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Unreachable"/>.</exception>
    public Task<PeerConnection> ConnectAsync(PeerRecord peer, CancellationToken cancellationToken) =>
        TryGet(peer.Address, out var connection)
            ? Task.FromResult(connection)
            : ShareDialAsync(peer.Address.ToString(), () => DialAsync(peer), cancellationToken);

    /// <summary>A connection to the node that answers at an endpoint, whichever it is.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Unreachable"/> or <see cref="ErrorCodes.Protocol"/>.</exception>
    public Task<PeerConnection> ConnectAsync(EndPoint endpoint, CancellationToken cancellationToken) =>
        ShareDialAsync(endpoint.ToString()!, () => DialAsync(endpoint, expected: null, _stopping.Token), cancellationToken);

    /// <summary>False for a peer without a dialable endpoint, or during a pause after a failure.</summary>
    public bool MayDial(PeerRecord peer) =>
        peer.IsDialable && WhyPaused(peer.Address) is null;

    /// <summary>Why a peer is not dialled at the moment; null if it may be.</summary>
    public string? WhyPaused(NodeAddress peer) =>
        _bans.Contains(peer) ? $"{peer.Short} broke the protocol and is left alone for a while."
        : _failures.Contains(peer) ? $"{peer.Short} could not be reached, or hung up at once, the last time."
        : _refusals.Contains(peer) ? $"{peer.Short} keeps its connection to another program with this node's identity."
        : null;

    /// <summary>Concurrent callers for the same peer share one dial; none of them can cancel it for the others.</summary>
    private async Task<PeerConnection> ShareDialAsync(string key, Func<Task<PeerConnection>> dial, CancellationToken cancellationToken)
    {
        if (!_dials.TryGetValue(key, out var shared))
        {
            if (_dials.Count >= _options.MaxDials)
                throw new MesharaException(ErrorCodes.Unreachable, $"{_options.MaxDials} dials are under way, which is the limit.");
            if (!HasRoomForDial())
                throw new MesharaException(ErrorCodes.Unreachable, $"All {_options.MaxConnections} connections are in use.");
            shared = _dials.GetOrAdd(key, new Lazy<Task<PeerConnection>>(() => DialOnceAsync(key, dial)));
        }
        try
        {
            return await shared.Value.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Ignore(shared.Value); // the dial goes on, even if nobody waits for it
            throw;
        }
    }

    /// <summary>Dials and then removes itself from the shared dials, even if nobody waits any more.</summary>
    private async Task<PeerConnection> DialOnceAsync(string key, Func<Task<PeerConnection>> dial)
    {
        try
        {
            return await dial();
        }
        finally
        {
            _dials.TryRemove(key, out _);
        }
    }

    private async Task<PeerConnection> DialAsync(PeerRecord peer)
    {
        if ((_bans.Contains(peer.Address) || _refusals.Contains(peer.Address)) && WhyPaused(peer.Address) is { } why)
            throw new MesharaException(ErrorCodes.Unreachable, why);
        using var race = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        try
        {
            // A success does not end the pause: a peer that always hangs up at once would be redialled at once every time.
            return await RaceAsync(peer, race.Token);
        }
        catch (MesharaException)
        {
            _failures.Add(peer.Address);
            throw;
        }
        finally
        {
            race.Cancel();
        }
    }

    /// <summary>
    /// Dials a peer's endpoints so that an unresponsive one costs little: each endpoint is tried when the one before fails or
    /// after a short delay, and the first to connect wins (RFC 8305 section 5).
    /// </summary>
    private async Task<PeerConnection> RaceAsync(PeerRecord peer, CancellationToken cancellationToken)
    {
        var last = new MesharaException(ErrorCodes.Unreachable, $"{peer.Address.Short} has no endpoint that can be dialled.");
        var waiting = new Queue<PeerEndpoint>(peer.Endpoints.Where(endpoint => endpoint.IsTcp));
        var dials = new List<Task<PeerConnection>>();
        while (waiting.TryDequeue(out var endpoint) || dials.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (endpoint is not null)
                dials.Add(DialAsync(Target(endpoint), peer.Address, cancellationToken));
            var patience = Task.Delay(waiting.Count > 0 ? AttemptDelay : Timeout.InfiniteTimeSpan, _time, cancellationToken);
            if (await Task.WhenAny([patience, .. dials]) is not Task<PeerConnection> ended)
                continue;
            dials.Remove(ended);
            try
            {
                var connection = await ended;
                dials.ForEach(Ignore);
                return connection;
            }
            catch (MesharaException e)
            {
                last = e;
            }
        }
        throw last;
    }

    private static EndPoint Target(PeerEndpoint endpoint) =>
        IPAddress.TryParse(endpoint.Host, out var ip) ? new IPEndPoint(ip, endpoint.Port) : new DnsEndPoint(endpoint.Host!, endpoint.Port);

    private async Task<PeerConnection> DialAsync(EndPoint endpoint, NodeAddress? expected, CancellationToken cancellationToken)
    {
        await _dialSlots.WaitAsync(cancellationToken);
        try
        {
            return await DialInSlotAsync(endpoint, expected, cancellationToken);
        }
        finally
        {
            _dialSlots.Release();
        }
    }

    private async Task<PeerConnection> DialInSlotAsync(EndPoint endpoint, NodeAddress? expected, CancellationToken cancellationToken)
    {
        try
        {
            return await AdmitAsync(await _network.DialAsync(endpoint, expected, cancellationToken));
        }
        catch (DialException e)
        {
            _telemetry.ConnectionError(CloseReason.Dial);
            Log.DialFailed(_logger, new Printed(endpoint), e.Cause);
            throw;
        }
        catch (MesharaException e)
        {
            OnHandshakeFailed(endpoint.ToString()!, e);
            throw;
        }
    }

    /// <summary>Observes the exception of an abandoned dial; its failure has been counted and logged.</summary>
    private static void Ignore(Task dial) =>
        dial.ContinueWith(static failed => _ = failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
