using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;

namespace Meshara.Node.Transport;

/// <summary>
/// Two programs with one identity. Each process has its own certificate, so a peer with a new certificate has either restarted
/// or been cloned. The existing connection is pinged: if it answers, both programs are alive, and the newcomer is refused. This
/// keeps the two from pushing each other out repeatedly.
/// </summary>
internal sealed partial class Swarm
{
    private readonly PeerPauses _refusals;

    /// <summary>The identities seen in two programs.</summary>
    public Clones Clones { get; }

    /// <summary>Handles a peer's notice that another program uses this node's identity.</summary>
    /// <param name="connection">The connection to the peer that sent the notice.</param>
    /// <param name="refused">True if the peer keeps the other connection.</param>
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
            // Its process is gone or unreachable: the peer has restarted.
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
