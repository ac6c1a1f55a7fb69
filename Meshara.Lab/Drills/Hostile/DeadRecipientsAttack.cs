using Meshara.Harness.Traffic;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>
/// The nodes' own users send to hundreds of absent recipients. Half of them are unknown to all nodes; for the others, a hostile peer
/// connected to each node returns records with an address where nothing answers.
/// </summary>
internal sealed class DeadRecipientsAttack(TimeSpan duration, TimeProvider time) : IAttack
{
    private const int Recipients = 400;

    // Sends in the first half, so that in the second half the nodes wait for all of them.
    private readonly double _perSecond = Recipients / (duration.TotalSeconds / 2);

    // These messages must expire before the drill waits for its own to settle.
    private readonly TimeSpan _life = duration + TimeSpan.FromSeconds(5);

    public string Name => "dead_recipients";

    public string What => $"messages to {Recipients} recipients that are not there";

    public async Task RunAsync(DrillMesh mesh, HostileCrowd crowd, Deeds deeds, CancellationToken over)
    {
        var dead = Enumerable.Range(0, Recipients).Select(_ => Record(crowd)).ToList();
        var known = dead.Take(Recipients / 2).ToDictionary(record => record.Id, record => record);
        var liars = mesh.Nodes.Select(_ => crowd.Add()).ToList();
        foreach (var liar in liars)
            liar.OnFrame = (connection, frame) => Answer(connection.TrySendUrgent, frame, known, deeds);
        var coming = liars.Zip(mesh.Nodes, (liar, node) => liar.TryConnectAsync(node.MeshPort, over));
        await Task.WhenAll(coming);
        await Parallel.ForEachAsync(new Pacer(_perSecond, time).Beats(over), async (number, _) =>
        {
            if (number >= Recipients)
                return;
            var node = mesh.Nodes[number % mesh.Nodes.Count];
            // The liars know every other recipient.
            var recipient = dead[number % 2 * (Recipients / 2) + number / 2].Address.ToString();
            var answer = await node.Api.SendAsync(recipient, "to nobody", CancellationToken.None, _life);
            deeds.Add("message", answer.Acceptance == Harness.Nodes.Acceptance.Accepted);
        });
    }

    private static PeerRecord Record(HostileCrowd crowd)
    {
        using var identity = NodeIdentity.Generate();
        return crowd.Nobody(identity);
    }

    private static Task Answer(Func<Frame, int> send, Frame frame, Dictionary<NodeId, PeerRecord> known, Deeds deeds)
    {
        if (frame.BodyCase == Frame.BodyOneofCase.FindNode && frame.FindNode.Target.Length == NodeId.Size)
        {
            var found = new FoundNodes();
            if (known.TryGetValue(new NodeId(frame.FindNode.Target.Span), out var record))
                found.Records.Add(record.Wire);
            send(new Frame { Correlation = frame.Correlation, FoundNodes = found });
            deeds.Add("lookup_answered");
        }
        else if (frame.BodyCase == Frame.BodyOneofCase.Deposit)
        {
            send(new Frame { Correlation = frame.Correlation, Deposited = new Deposited { Held = true } });
            deeds.Add("deposit_swallowed");
        }
        return Task.CompletedTask;
    }
}
