using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;

namespace Meshara.Node.Transport;

/// <summary>
/// Limits the number of connections. Above the high-water mark, the connections worth least are closed down to the low-water
/// mark. At the maximum, one of them makes room for a newcomer, so that a full node can still be joined.
/// </summary>
internal sealed partial class Swarm
{
    private readonly ConcurrentBag<Func<PeerConnection, int>> _worths = [];

    /// <summary>
    /// Builds the frame that refers a peer to other nodes before its connection is closed for lack of room. Set once by the
    /// component that knows other nodes.
    /// </summary>
    public Func<PeerConnection, Frame>? Referral { get; set; }

    private int OpenCount => _all.Count(connection => connection.IsOpen);

    /// <summary>
    /// Adds a function that rates connections for one component, 0 for no value. A connection worth <see cref="Indispensable"/>
    /// or more is never closed for lack of room.
    /// </summary>
    public void AddWorth(Func<PeerConnection, int> worth) => _worths.Add(worth);

    /// <summary>The worth of a connection that something waits for.</summary>
    public const int Indispensable = 100;

    /// <summary>False if peers at the remote address have begun too many handshakes lately, or have enough connections.</summary>
    private bool MayShakeHands(Socket socket)
    {
        try
        {
            if (AddressLimits.GroupOf(socket) is not { } group
                || CountOf(group) < _options.MaxConnectionsPerAddress && _limits.TryBegin(group))
                return true;
            _telemetry.ConnectionError(CloseReason.Refused);
            Log.AddressRefused(_logger, $"{socket.RemoteEndPoint}");
        }
        catch (SocketException)
        {
            // The peer has already hung up.
        }
        return false;
    }

    private int CountOf(IPAddress group) =>
        _all.Count(connection => connection.IsOpen && group.Equals(connection.AddressGroup));

    /// <summary>Closes surplus connections; called by the heartbeat.</summary>
    private void Prune()
    {
        var surplus = OpenCount - _options.LowWater;
        if (OpenCount <= _options.HighWater)
            return;
        foreach (var connection in Dispensable(_options.GracePeriod).Take(surplus))
            Dismiss(connection);
    }

    /// <summary>
    /// Makes room when a new connection exceeds the limit. The newcomer goes if no other connection may be closed, or if there
    /// are many newcomers: identities are free, and a crowd of them must not push out this node's peers.
    /// </summary>
    private void MakeRoom(PeerConnection newcomer)
    {
        // Dialled connections count too, since many identities may claim to be at one address.
        if (newcomer.AddressGroup is { } group && CountOf(group) > _options.MaxConnectionsPerAddress)
        {
            _telemetry.ConnectionError(CloseReason.Refused);
            Log.AddressRefused(_logger, newcomer.Remote);
            Dismiss(newcomer);
            return;
        }
        if (OpenCount <= _options.MaxConnections)
            return;
        var newcomers = _all.Count(connection => connection.IsOpen && connection.Duration < ShortestStay);
        var other = newcomers <= Math.Max(1, _options.MaxConnections / 8) ? Dispensable(ShortestStay).FirstOrDefault() : null;
        if (other is null)
            Log.Refused(_logger, newcomer.Remote, _options.MaxConnections);
        Dismiss(other ?? newcomer);
    }

    /// <summary>False if a dial could only lead to a surplus connection.</summary>
    private bool HasRoomForDial() =>
        OpenCount + _dials.Count < _options.MaxConnections || Dispensable(ShortestStay).Any();

    /// <summary>
    /// Connections of at least the given age that may be closed: least worth first, then those from the address with the most
    /// connections, then the youngest.
    /// </summary>
    private IEnumerable<PeerConnection> Dispensable(TimeSpan age)
    {
        var open = _all.Where(connection => connection.IsOpen).ToList();
        var crowds = open.CountBy(connection => connection.AddressGroup ?? IPAddress.None).ToDictionary();
        return open
            .Where(connection => connection.Duration >= age)
            .Select(connection => (Connection: connection, Worth: Worth(connection)))
            .Where(valued => valued.Worth < Indispensable)
            .OrderBy(valued => valued.Worth)
            .ThenByDescending(valued => crowds[valued.Connection.AddressGroup ?? IPAddress.None])
            .ThenBy(valued => valued.Connection.Duration)
            .Select(valued => valued.Connection);
    }

    /// <summary>A peer that cannot be dialled is worth more, because it could not be reached again.</summary>
    private int Worth(PeerConnection connection) => (connection.Record.IsDialable ? 0 : 1) + _worths.Sum(worth => worth(connection));

    private void Dismiss(PeerConnection connection)
    {
        if (Referral is { } referral)
            connection.TrySendUrgent(referral(connection));
        connection.Close(CloseReason.Pruned);
    }
}
