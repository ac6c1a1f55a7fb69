using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Meshara.Harness.Network;

/// <summary>Listens where a node says it can be dialled, and carries what comes to where it really listens.</summary>
internal sealed class MeshProxy(FaultyNetwork network, int node, int port, int hiddenPort) : IAsyncDisposable
{
    // The kernel's tables are read while they change, and a node dials as soon as it runs: who cannot be told now may be a little later.
    // Whoever is not among the nodes waits this often for nothing.
    private const int Identifications = 7;
    private static readonly TimeSpan ListenPoll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);

    private readonly TcpListener _listener = new(IPAddress.Loopback, port);
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private CancellationTokenSource? _listening;
    private Task _accepting = Task.CompletedTask;

    /// <summary>The node it stands in front of.</summary>
    public int Node => node;

    /// <summary>Begins to listen.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_listening is not null || _stop.IsCancellationRequested)
                return;
            _listening = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            _listener.Start(512);
            _accepting = AcceptAsync(_listening.Token);
        }
    }

    /// <summary>Listens no more: who dials is refused, as by a machine on which nobody listens. Connections go on.</summary>
    public void Close()
    {
        lock (_gate)
        {
            if (_listening is null)
                return;
            _listening.Cancel();
            _listener.Stop();
            _listening.Dispose();
            _listening = null;
        }
    }

    /// <summary>Begins to listen as soon as the node does: before that, who dials would be let in and thrown out again.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ListenPoll);
        while (!IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(listener => listener.Port == hiddenPort))
            await timer.WaitForNextTickAsync(cancellationToken);
        Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Close();
        await _accepting;
        _listener.Dispose();
        await Task.WhenAll(_connections.Keys);
        _stop.Dispose();
    }

    private async Task AcceptAsync(CancellationToken listening)
    {
        try
        {
            while (true)
            {
                var connection = CarryAsync(await _listener.AcceptSocketAsync(listening));
                _connections[connection] = 0;
                _ = connection.ContinueWith(done => _connections.TryRemove(done, out _), CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (Exception exception) when (listening.IsCancellationRequested
            && exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It is over, or closed for now.
        }
    }

    private async Task CarryAsync(Socket dialler)
    {
        // The accept loop goes on at once; to find out who dialled takes a few milliseconds.
        await Task.Yield();
        var target = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var link = new ProxyLink(network, dialler, target, node);
        try
        {
            link.Source = await IdentifyAsync(dialler, _stop.Token);
            if (network.Refuses(link.Source, node))
                return;
            await network.PassAsync(link.Source, node, _stop.Token);
            await target.ConnectAsync(IPAddress.Loopback, hiddenPort, _stop.Token);
            dialler.NoDelay = target.NoDelay = true;
            await network.CarryAsync(link, _stop.Token);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Nobody listens, or it is over: the dialler sees a reset.
        }
        finally
        {
            link.Reset();
        }
    }

    /// <exception cref="SocketException">It has hung up already.</exception>
    private async Task<int?> IdentifyAsync(Socket dialler, CancellationToken cancellationToken)
    {
        var from = ((IPEndPoint)dialler.RemoteEndPoint!).Port;
        var source = network.Identify(from, port);
        for (var (tries, pause) = (1, FirstPause); source is null && tries < Identifications; tries++, pause *= 2)
        {
            await Task.Delay(pause, cancellationToken);
            source = network.Identify(from, port);
        }

        return source;
    }
}
