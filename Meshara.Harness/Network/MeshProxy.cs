using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Meshara.Harness.Network;

/// <summary>Listens on the port that a node advertises, and relays connections to the port the node listens on.</summary>
internal sealed class MeshProxy(FaultyNetwork network, int node, int port, int hiddenPort) : IAsyncDisposable
{
    // Identifying a dialler can fail at first: the kernel's tables change while they are read, and a node may dial before its process is
    // known. A dialler that is not a node always uses up all attempts.
    private const int Identifications = 7;

    // Data in kernel buffers has not crossed the link yet. A default buffer holds megabytes, which would make a slow link seem fast.
    private const int KernelBuffer = 64 * 1024;

    private static readonly TimeSpan ListenPoll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(5);

    private readonly TcpListener _listener = new(IPAddress.Loopback, port);
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private CancellationTokenSource? _listening;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Index of the node behind the proxy.</summary>
    public int Node => node;

    /// <summary>Starts to listen; does nothing if it already listens or is disposed.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_listening is not null || _stop.IsCancellationRequested)
                return;
            _listening = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            _listener.Server.ReceiveBufferSize = KernelBuffer; // accepted sockets inherit it
            _listener.Start(512);
            _accepting = AcceptAsync(_listening.Token);
        }
    }

    /// <summary>Stops listening, so that new connections are refused. Existing connections continue.</summary>
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

    /// <summary>Starts to listen as soon as the node does; before that, a connection would be accepted and then reset.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ListenPoll);
        while (!IsNodeListening())
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

    private bool IsNodeListening() => OperatingSystem.IsLinux()
        ? SocketOwner.IsListening(hiddenPort)
        : IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(listener => listener.Port == hiddenPort);

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
            // Disposed, or closed until the node is back.
        }
    }

    private async Task CarryAsync(Socket dialler)
    {
        // Identifying the dialler takes a few milliseconds; the accept loop must not wait for it.
        await Task.Yield();
        var target = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = KernelBuffer };
        var link = new ProxyLink(network, dialler, target, node);
        try
        {
            link.Ports = (((IPEndPoint)dialler.RemoteEndPoint!).Port, port);
            if (network.Identifies)
                link.Source = await IdentifyAsync(link, _stop.Token);
            if (network.Refuses(link.Source, node))
                return;
            await network.PassAsync(link.Source, node, _stop.Token);
            await target.ConnectAsync(IPAddress.Loopback, hiddenPort, _stop.Token);
            dialler.NoDelay = target.NoDelay = true;
            await network.CarryAsync(link, _stop.Token);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The node does not listen, or the proxy is disposed: the dialler sees a reset.
        }
        finally
        {
            link.Reset();
        }
    }

    private async Task<int?> IdentifyAsync(ProxyLink link, CancellationToken cancellationToken)
    {
        var source = network.Identify(link);
        for (var (tries, pause) = (1, FirstPause); source is null && tries < Identifications; tries++, pause *= 2)
        {
            await Task.Delay(pause, cancellationToken);
            source = network.Identify(link);
        }

        return source;
    }
}
