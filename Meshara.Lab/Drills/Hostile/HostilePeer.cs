using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Meshara.Node;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>
/// A peer with its own keys and a node's transport, which sends and answers whatever an attack requires. Only <see cref="TrySend"/> is
/// thread-safe.
/// </summary>
internal sealed class HostilePeer : IFrameHandler, IAsyncDisposable
{
    private readonly HostileCrowd _crowd;
    private readonly TimeProvider _time;
    private readonly LocalRecord _record;
    private readonly Handshake _handshake;
    private readonly CancellationTokenSource _stop = new();
    private PeerConnection? _connection;
    private Task _running = Task.CompletedTask;

    public HostilePeer(HostileCrowd crowd, TimeProvider time)
    {
        _crowd = crowd;
        _time = time;
        _record = new LocalRecord(Identity, "hostile", time);
        _record.Advertise([crowd.Silent]);
        // It sends no requests, so it never waits for answers, and it must not ban anyone.
        var bans = new PeerPauses(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1), time);
        _handshake = new Handshake(Identity, _record, bans, new TransportOptions(), crowd.Telemetry, time);
    }

    public NodeIdentity Identity { get; } = NodeIdentity.Generate();

    /// <summary>Its own peer record.</summary>
    public PeerRecord Record => _record.Current;

    /// <summary>Handles frames from the node; ignores them by default. No more frames are read until the handler completes.</summary>
    public Func<PeerConnection, Frame, Task> OnFrame { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Its open connection to a node; null if there is none.</summary>
    public PeerConnection? Connection => _connection is { IsOpen: true } open ? open : null;

    /// <summary>Connects to a node, unless already connected.</summary>
    /// <returns>False if the node refuses or does not answer.</returns>
    public async Task<bool> TryConnectAsync(int port, CancellationToken cancellationToken)
    {
        if (Connection is not null)
            return true;
        await HangUpAsync();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(_crowd.From, 0));
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            _connection = await _handshake.DialAsync(socket, expected: null, cancellationToken);
            _running = RunAsync(_connection);
            return true;
        }
        catch (Exception e) when (e is SocketException or MesharaException or OperationCanceledException)
        {
            socket.Dispose();
            return false;
        }
    }

    /// <summary>Closes its connection, if there is one, without notice.</summary>
    public async Task HangUpAsync()
    {
        _connection?.Abort("hung up");
        await _running;
        _connection = null;
    }

    /// <summary>Queues a frame.</summary>
    /// <returns>False if it is not connected, or the connection takes no frames now.</returns>
    public bool TrySend(Frame frame) => Connection?.TrySend(frame) > 0;

    /// <summary>Creates a signed message from this peer.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="recipient">The recipient; empty for a broadcast.</param>
    /// <param name="bytes">Size of its payload.</param>
    public Frame Message(MessageType type, NodeAddress recipient, int bytes) => Message(Identity, type, recipient, bytes, _time.GetUtcNow());

    /// <summary>Creates a signed message from any identity.</summary>
    /// <param name="sender">The sender.</param>
    /// <param name="type">Its type.</param>
    /// <param name="recipient">The recipient; empty for a broadcast.</param>
    /// <param name="bytes">Size of its payload.</param>
    /// <param name="made">Its creation time; the TTL is one minute.</param>
    public static Frame Message(NodeIdentity sender, MessageType type, NodeAddress recipient, int bytes, DateTimeOffset made)
    {
        var envelope = Envelope.Create(
            sender, type, MessageId.Create(made), recipient, made, made.AddMinutes(1), _ => UnsafeByteOperations.UnsafeWrap(new byte[bytes]), parent: null);
        return new Frame { Envelope = envelope.Wire };
    }

    public async ValueTask HandleAsync(PeerConnection connection, Frame frame, CancellationToken cancellationToken) =>
        await OnFrame(connection, frame).WaitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await HangUpAsync();
        _handshake.Dispose();
        _stop.Dispose();
        Identity.Dispose();
    }

    private async Task RunAsync(PeerConnection connection)
    {
        using (connection)
            await connection.RunAsync(this, _stop.Token);
    }
}
