using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>
/// Fifty identities on one IP address surround one node: they take its connections and its places in the broadcast tree and routing
/// table, name only each other, and reconnect whenever they are disconnected.
/// </summary>
internal sealed class EclipseAttack : IAttack
{
    private const int Identities = 50;
    private const int Named = 20;
    private static readonly TimeSpan ReturnAfter = TimeSpan.FromMilliseconds(500);

    public string Name => "eclipse";

    public string What => $"{Identities} identities on one address crowd around one node";

    public async Task RunAsync(DrillMesh mesh, HostileCrowd crowd, Deeds deeds, CancellationToken over)
    {
        var victim = mesh.Any();
        var peers = Enumerable.Range(0, Identities).Select(_ => crowd.Add()).ToList();
        foreach (var peer in peers)
            peer.OnFrame = (connection, frame) => Answer(connection, frame, peers, deeds);
        do
        {
            foreach (var peer in peers.Where(peer => peer.Connection is null))
            {
                var connected = await peer.TryConnectAsync(victim.MeshPort, over);
                deeds.Add("handshake", connected);
                if (connected)
                    Settle(peer, peers);
            }
        }
        while (await mesh.PauseAsync(ReturnAfter, over));
        foreach (var _ in peers.Where(peer => peer.Connection is not null))
            deeds.Add("connected_at_the_end");
    }

    /// <summary>Asks for a place in the broadcast tree, and announces the other attackers.</summary>
    private static void Settle(HostilePeer peer, List<HostilePeer> peers)
    {
        peer.TrySend(new Frame { Want = new Want { Graft = true } });
        peer.TrySend(new Frame { StoreRecord = new StoreRecord { Record = peer.Record.Wire } });
        peer.TrySend(new Frame { FoundNodes = Others(peers) });
    }

    private static Task Answer(PeerConnection connection, Frame frame, List<HostilePeer> peers, Deeds deeds)
    {
        if (frame.BodyCase == Frame.BodyOneofCase.FindNode)
        {
            connection.TrySendUrgent(new Frame { Correlation = frame.Correlation, FoundNodes = Others(peers) });
            deeds.Add("lookup_answered");
        }
        return Task.CompletedTask;
    }

    private static FoundNodes Others(List<HostilePeer> peers)
    {
        var from = Random.Shared.Next(peers.Count - Named);
        return new FoundNodes { Records = { peers.GetRange(from, Named).Select(peer => peer.Record.Wire) } };
    }
}
