using System.Net;
using System.Net.Sockets;
using Meshara.Node.Telemetry;

namespace Meshara.Node.Transport;

/// <summary>Inbound connections, from the listening socket to the end of the handshake.</summary>
internal sealed partial class Swarm
{
    private TcpListener? _listener;

    /// <summary>Binds the listening socket. The IPv6 wildcard also accepts IPv4 connections.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Listen"/>.</exception>
    public IPEndPoint Listen(IPEndPoint endpoint)
    {
        try
        {
            _listener = new TcpListener(endpoint);
            if (endpoint.Address.Equals(IPAddress.IPv6Any))
                _listener.Server.DualMode = true;
            _listener.Start(512);
            return (IPEndPoint)_listener.LocalEndpoint;
        }
        catch (SocketException e)
        {
            throw new MesharaException(ErrorCodes.Listen, e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? $"Cannot listen for peers on {endpoint}: the port is in use. Choose another one with --mesh HOST:PORT."
                : $"Cannot listen for peers on {endpoint}: {e.Message}.", e);
        }
    }

    /// <summary>Takes a connection that a peer has made through another <see cref="INetwork"/> than TCP.</summary>
    /// <returns>False if the peer is banned.</returns>
    public async Task<bool> TryAcceptAsync(PeerConnection connection)
    {
        if (_bans.Contains(connection.Peer))
            return false;
        await AdmitAsync(connection);
        return true;
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        var room = new WaitingRoom(_options.MaxInboundHandshakes);
        while (!_stopping.IsCancellationRequested)
        {
            var entered = false;
            try
            {
                await room.EnterAsync(_stopping.Token);
                entered = true;
                var socket = await listener.AcceptSocketAsync(_stopping.Token);
                if (MayShakeHands(socket))
                {
                    Own(AcceptAsync(socket, room));
                    continue;
                }
                socket.Dispose();
                room.Leave();
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                return; // platforms report a closed listener differently
            }
            catch (SocketException e)
            {
                // Typically too many open files, which resolves itself when connections end.
                if (entered)
                    room.Leave();
                _telemetry.Error(ErrorType.Network);
                Log.AcceptFailed(_logger, e.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task AcceptAsync(Socket socket, WaitingRoom room)
    {
        var remote = "unknown";
        try
        {
            remote = Handshake.RemoteOf(socket);
            await WaitForFirstByteAsync(socket, remote, room);
            using var turn = await room.TurnAsync(_stopping.Token);
            await AdmitAsync(await _handshake.AcceptAsync(socket, _stopping.Token));
        }
        catch (MesharaException e)
        {
            socket.Dispose();
            OnHandshakeFailed(remote, e);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose(); // reset before the handshake, or the node is stopping
        }
        finally
        {
            room.Leave();
        }
    }

    private async Task WaitForFirstByteAsync(Socket socket, string remote, WaitingRoom room)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        deadline.CancelAfter(_options.HandshakeTimeout);
        try
        {
            await room.SpeaksAsync(socket, deadline.Token);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException && !_stopping.IsCancellationRequested)
        {
            throw new MesharaException(ErrorCodes.Unreachable, e switch
            {
                OperationCanceledException => Handshake.TooSlow(remote, _options.HandshakeTimeout),
                ObjectDisposedException => $"{remote} said nothing, and others needed its place.",
                _ => $"{remote} hung up before the handshake.",
            }, e);
        }
    }

    private void OnHandshakeFailed(string remote, MesharaException e)
    {
        if (e.Code == Handshake.Self)
            return; // a node in its own bootstrap list, which is not a failure
        _telemetry.ConnectionError(CloseReason.Handshake);
        if (e.Code == Handshake.Clone)
        {
            Clones.NoteOwn(remote);
            return;
        }
        _telemetry.Error(e.Code == ErrorCodes.Protocol ? ErrorType.Protocol : ErrorType.Timeout);
        if (_handshakeFailures.IsDue(HostOf(remote) + e.Code, out var failures))
            Log.HandshakeFailed(_logger, remote, e.Message, failures);
        else
            Log.HandshakeFailedAgain(_logger, remote, e.Message);
    }

    /// <summary>The host without the port, which differs for each connection.</summary>
    private static string HostOf(string remote) => remote[..(remote.LastIndexOf(':') is var colon and > 0 ? colon : remote.Length)];
}
