using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;

namespace Meshara.Node.Transport;

/// <summary>
/// How many connections there are. Above the high water mark those that are worth least go, down to the low one; and with all places
/// taken one of them makes room for who comes, so that a full node can still be joined.
/// </summary>
internal sealed partial class Swarm
{
    private readonly ConcurrentBag<Func<PeerConnection, int>> _worths = [];

    /// <summary>
    /// What is told to a peer whose connection goes for want of room: others that it may connect to. Set once, by the area that knows
    /// them.
    /// </summary>
    public Func<PeerConnection, Frame>? Referral { get; set; }

    private int OpenCount => _connections.Values.Count(connection => connection.IsOpen);

    /// <summary>
    /// Adds a reason to keep connections: what each is worth to the area that asks, 0 for nothing. One that is worth
    /// <see cref="Indispensable"/> or more is never closed for want of room.
    /// </summary>
    public void AddWorth(Func<PeerConnection, int> worth) => _worths.Add(worth);

    /// <summary>The worth of a connection that something waits for.</summary>
    public const int Indispensable = 100;

    /// <summary>False when peers at the other end's address have begun too many handshakes lately, or have connections enough.</summary>
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
            // It has hung up already.
        }
        return false;
    }

    private int CountOf(IPAddress group) =>
        _connections.Values.Count(connection => connection.IsOpen && group.Equals(connection.AddressGroup));

    /// <summary>Closes what is too much. The caller is the heartbeat.</summary>
    private void Prune()
    {
        var surplus = OpenCount - _options.LowWater;
        if (OpenCount <= _options.HighWater)
            return;
        foreach (var connection in Dispensable(_options.GracePeriod).Take(surplus))
            Dismiss(connection);
    }

    /// <summary>
    /// Makes room after a new connection was one too many. The newcomer goes if all others have to stay, or when there have been many
    /// newcomers: identities cost nothing, and a crowd of them must not push out the peers this node has.
    /// </summary>
    private void MakeRoom(PeerConnection newcomer)
    {
        // Also one that was dialled: many identities may say that they are to be found at one address.
        if (newcomer.AddressGroup is { } group && CountOf(group) > _options.MaxConnectionsPerAddress)
        {
            _telemetry.ConnectionError(CloseReason.Refused);
            Log.AddressRefused(_logger, newcomer.Remote);
            Dismiss(newcomer);
            return;
        }
        if (OpenCount <= _options.MaxConnections)
            return;
        var newcomers = _connections.Values.Count(connection => connection.IsOpen && connection.Duration < ShortestStay);
        var other = newcomers <= Math.Max(1, _options.MaxConnections / 8) ? Dispensable(ShortestStay).FirstOrDefault() : null;
        if (other is null)
            Log.Refused(_logger, newcomer.Remote, _options.MaxConnections);
        Dismiss(other ?? newcomer);
    }

    /// <summary>False when a dial would only end in a connection too many.</summary>
    private bool HasRoomForDial() =>
        OpenCount + _dials.Count < _options.MaxConnections || Dispensable(ShortestStay).Any();

    /// <summary>
    /// Connections older than a time that may go: those worth least first; of equal ones those whose address has most of them, and then
    /// the youngest.
    /// </summary>
    private IEnumerable<PeerConnection> Dispensable(TimeSpan age)
    {
        var open = _connections.Values.Where(connection => connection.IsOpen).ToList();
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

    /// <summary>A peer that cannot be dialled could not be reached any more.</summary>
    private int Worth(PeerConnection connection) => (connection.Record.IsDialable ? 0 : 1) + _worths.Sum(worth => worth(connection));

    private void Dismiss(PeerConnection connection)
    {
        if (Referral is { } referral)
            connection.TrySendUrgent(referral(connection));
        connection.Close(CloseReason.Pruned);
    }
}
