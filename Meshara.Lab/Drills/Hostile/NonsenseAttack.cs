using Google.Protobuf;
using Meshara.Harness.Traffic;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>
/// Peers send unsolicited answers and malformed frames. A node that notices disconnects the peer and bans its identity for a while. They
/// return with a new identity, since identities cost nothing.
/// </summary>
internal sealed class NonsenseAttack(TimeProvider time) : IAttack
{
    private const double PerSecond = 20;
    private const int AtATime = 16;

    // Messages to nonexistent recipients, which make a node query all its peers.
    private const double LookupsPerSecond = 5;
    private static readonly TimeSpan LookupLife = TimeSpan.FromSeconds(2);

    // How long an undetected peer waits for a request that it can answer wrongly.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public string Name => "nonsense";

    public string What => "peers answer with something else than was asked, and send malformed frames";

    public Task RunAsync(DrillMesh mesh, HostileCrowd crowd, Deeds deeds, CancellationToken over)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtATime };
        return Task.WhenAll(
            Parallel.ForEachAsync(new Pacer(LookupsPerSecond, time).Beats(over), options, async (number, _) => await AskAsync(mesh.Nodes[number % mesh.Nodes.Count])),
            Parallel.ForEachAsync(new Pacer(PerSecond, time).Beats(over), options,
                async (number, _) => await TalkAsync(mesh.Nodes[number % mesh.Nodes.Count], crowd, deeds, number / mesh.Nodes.Count, over)));
    }

    /// <summary>Makes a node query its peers.</summary>
    private static async Task AskAsync(DrillNode node)
    {
        using var nobody = NodeIdentity.Generate();
        await node.Api.SendAsync(nobody.Address.ToString(), "to nobody", CancellationToken.None, LookupLife);
    }

    private async Task TalkAsync(DrillNode victim, HostileCrowd crowd, Deeds deeds, int number, CancellationToken over)
    {
        var peer = crowd.Add();
        peer.OnFrame = (connection, frame) =>
        {
            if (frame.Correlation != 0 && Wrong(frame) is { } wrong)
            {
                connection.TrySendUrgent(wrong);
                deeds.Add("wrong_answer");
            }
            return Task.CompletedTask;
        };
        var connected = await peer.TryConnectAsync(victim.MeshPort, over);
        deeds.Add("handshake", connected);
        if (connected)
        {
            var kinds = Malformed(peer.Connection!);
            if (number % (kinds.Count + 1) is var kind && kind < kinds.Count)
                deeds.Add("malformed_frame", peer.TrySend(kinds[kind]));
            for (var waited = TimeSpan.Zero; peer.Connection is not null && waited < Patience && !over.IsCancellationRequested; waited += Patience / 10)
                await Task.Delay(Patience / 10, time, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (peer.Connection is null)
                deeds.Add("thrown_out");
        }
        await crowd.RemoveAsync(peer);
    }

    private static Frame? Wrong(Frame asked) => asked.BodyCase switch
    {
        Frame.BodyOneofCase.FindNode => new Frame { Correlation = asked.Correlation, HandedOver = new HandedOver() },
        Frame.BodyOneofCase.Deposit => new Frame { Correlation = asked.Correlation, FoundNodes = new FoundNodes() },
        Frame.BodyOneofCase.Handover => new Frame { Correlation = asked.Correlation, Deposited = new Deposited { Held = true } },
        _ => null,
    };

    /// <summary>Frames that no node of this version sends.</summary>
    private static List<Frame> Malformed(PeerConnection victim)
    {
        var tooShort = ByteString.CopyFrom(1, 2, 3);
        return
        [
            new Frame { Correlation = 1, FindNode = new FindNode { Target = tooShort } },
            new Frame { Envelope = new Envelope { Version = 1, Id = tooShort, Type = Node.Protocol.Wire.MessageType.Private } },
            new Frame { Announce = new Announce { Keys = { tooShort } } },
            new Frame { Members = new Members { Members_ = { new Member { Address = tooShort, Heartbeat = ulong.MaxValue } } } },
            new Frame { Undeliverable = new Undeliverable { Id = tooShort } },
            new Frame { Correlation = 2, Deposit = new Deposit() },
            new Frame { Correlation = 3, Handover = new Handover() },
            new Frame { StoreRecord = new StoreRecord() },
            new Frame { Correlation = 4, FoundNodes = new FoundNodes { Records = { victim.Record.Wire, new PeerRecord { Identity = tooShort } } } },
        ];
    }
}
