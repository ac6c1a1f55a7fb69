using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Meshara.Harness.Network;

/// <summary>Listens where a node says it can be dialled, and carries what comes to where it really listens.</summary>
internal sealed class MeshProxy(FaultyNetwork network, int node, int port, int hiddenPort) : IAsyncDisposable
{
    // The kernel's tables are read while they change, and a node dials as soon as it runs: who cannot be told now may be a little later.
    // Whoever is not among the nodes waits this often for nothing.
    private const int Identifications = 7;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);

    private readonly TcpListener _listener = new(IPAddress.Loopback, port);
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _accepting = Task.CompletedTask;

    /// <summary>Begins to listen.</summary>
    public void Start()
    {
        _listener.Start(512);
        _accepting = AcceptAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        await Task.WhenAll(_connections.Keys);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var connection = CarryAsync(await _listener.AcceptSocketAsync(_stop.Token));
                _connections[connection] = 0;
                _ = connection.ContinueWith(done => _connections.TryRemove(done, out _), CancellationToken.None,
                    TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException)
        {
            // It is over.
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
