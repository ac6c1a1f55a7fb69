using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;

namespace Meshara.Node.Transport;

/// <summary>
/// Two programs with one identity. Each process has a certificate of its own, so a peer that comes with another one was restarted, or is
/// a clone. The one that was there first is asked: if it still answers, both live, and the newcomer is refused. So the two do not push
/// each other out, again and again.
/// </summary>
internal sealed partial class Swarm
{
    private readonly PeerPauses _refusals;

    /// <summary>Who was seen twice.</summary>
    public Clones Clones { get; }

    /// <summary>A peer says that another program has this node's identity.</summary>
    /// <param name="connection">The peer's.</param>
    /// <param name="refused">True when it keeps the other one.</param>
    public void OnCloned(PeerConnection connection, bool refused)
    {
        Clones.NoteOwn(connection.Remote);
        if (refused)
            _refusals.Add(connection.Peer);
    }

    /// <summary>Registers a connection unless another program with the same identity is connected and alive.</summary>
    /// <returns>The peer's one connection.</returns>
    private async Task<PeerConnection> AdmitAsync(PeerConnection connection)
    {
        if (!TryGet(connection.Peer, out var existing) || existing.Instance == connection.Instance)
            return Register(connection);
        bool isAlive;
        try
        {
            isAlive = await AnswersAsync(existing);
        }
        catch (OperationCanceledException)
        {
            connection.Dispose(); // the node is stopping
            throw;
        }
        if (!isAlive)
        {
            // Its process is gone, or out of reach: the peer was restarted.
            existing.Abort(CloseReason.Timeout);
            return Register(connection);
        }
        Clones.NotePeer(connection.Peer, existing.Remote, connection.Remote);
        existing.TrySendUrgent(new Frame { Cloned = new Cloned() });
        connection.TrySendUrgent(new Frame { Cloned = new Cloned { Refused = true } });
        connection.Close(CloseReason.Cloned);
        Own(RunAsync(connection));
        return existing;
    }

    private async Task<bool> AnswersAsync(PeerConnection connection)
    {
        try
        {
            await connection.RequestAsync(new Frame { Ping = new Ping() }, _stopping.Token);
            return connection.IsOpen;
        }
        catch (MesharaException e) when (e.Code == ErrorCodes.Unreachable)
        {
            return false;
        }
    }
}
