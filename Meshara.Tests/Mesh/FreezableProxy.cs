using System.Net;
using System.Net.Sockets;

namespace Meshara.Tests.Mesh;

/// <summary>A TCP relay that can stop forwarding without closing anything, like an unplugged cable.</summary>
internal sealed class FreezableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];
    private readonly Task _accepting;
    private volatile bool _frozen;

    public FreezableProxy(IPEndPoint target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public IPEndPoint Endpoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>From now on nothing that arrives is read.</summary>
    public void Freeze() => _frozen = true;

    /// <summary>From now on new connections are forwarded; those that were frozen stay frozen.</summary>
    public void Thaw() => _frozen = false;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_running);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _running.Add(RelayAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task RelayAsync(Socket incoming)
    {
        using var outgoing = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using (incoming)
        {
            try
            {
                await outgoing.ConnectAsync(_target, _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                return; // the target does not listen: closing tells the dialler
            }
            await Task.WhenAll(PumpAsync(incoming, outgoing), PumpAsync(outgoing, incoming));
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        await using var output = new NetworkStream(to, ownsSocket: false);
        try
        {
            while (true)
            {
                if (_frozen)
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                var count = await from.ReceiveAsync(buffer, _stop.Token);
                if (_frozen)
                    continue;
                if (count == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }
                await output.WriteAsync(buffer.AsMemory(0, count), _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
            // The connection or the test is over.
        }
    }
}
