using Meshara.Node.Protocol.Wire;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>
/// Each node gets a peer that never reads, sends heartbeats and endless requests, and is sent large messages through the node by a second
/// peer. It reconnects whenever the node disconnects it.
/// </summary>
internal sealed class DeafAttack : IAttack
{
    // Within seconds, more than the buffers of a connection and a relay's queue can hold.
    private const int PerSecond = 5;
    private const int MessageBytes = 1024 * 1024;
    private const int Questions = 50;

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1.0 / PerSecond);

    public string Name => "deaf";

    public string What => "peers never read, and have large messages sent to them";

    public Task RunAsync(DrillMesh mesh, HostileCrowd crowd, Deeds deeds, CancellationToken over) =>
        Task.WhenAll(mesh.Nodes.Select(node => BesetAsync(mesh, node, crowd, deeds, over)));

    private static async Task BesetAsync(DrillMesh mesh, DrillNode victim, HostileCrowd crowd, Deeds deeds, CancellationToken over)
    {
        var (deaf, feeder) = (crowd.Add(), crowd.Add());
        // The handler of the first frame never completes, so the peer reads nothing more.
        deaf.OnFrame = (_, _) => new TaskCompletionSource().Task;
        var large = feeder.Message(MessageType.Private, deaf.Identity.Address, MessageBytes);
        for (var beat = 0; await mesh.PauseAsync(Beat, over); beat++)
        {
            if (beat % PerSecond == 0 && deaf.Connection is null)
                deeds.Add("came", await deaf.TryConnectAsync(victim.MeshPort, over));
            if (beat % PerSecond == 0)
                await feeder.TryConnectAsync(victim.MeshPort, over);
            deaf.Connection?.TrySendUrgent(new Frame { Pong = new Pong() });
            for (var i = 0; i < Questions; i++)
                deeds.Add("question", deaf.TrySend(new Frame { Correlation = 1, FindNode = new FindNode { Target = Target(deaf) } }));
            deeds.Add("large_message", feeder.TrySend(large));
        }
    }

    private static Google.Protobuf.ByteString Target(HostilePeer peer) => Google.Protobuf.ByteString.CopyFrom(peer.Record.Id.ToBytes());
}
