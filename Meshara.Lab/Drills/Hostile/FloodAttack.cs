using Meshara.Harness.Traffic;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using MessageType = Meshara.Node.Protocol.MessageType;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>
/// Sends one node ten times as many frames as all nodes together have honest messages: pings, handshakes, broadcasts, records, deposits
/// and stale messages in turn, each kind from a separate peer.
/// </summary>
internal sealed class FloodAttack(double honestRate, TimeProvider time) : IAttack
{
    private const int Times = 10;
    private const int HandshakesAtATime = 32;
    private const int Identities = 200;
    private const int MaxBroadcastBytes = 16 * 1024;

    // These messages had a TTL of one minute; their recipient has forgotten their ids.
    private static readonly TimeSpan Age = TimeSpan.FromDays(3);

    // Delay before a disconnected peer reconnects.
    private static readonly TimeSpan ReturnAfter = TimeSpan.FromMilliseconds(250);

    private readonly List<NodeIdentity> _identities = [.. Enumerable.Range(0, Identities).Select(_ => NodeIdentity.Generate())];

    public string Name => "flood";

    public string What => $"{Times} times the honest load of pings, handshakes, broadcasts, records, deposits and stale messages to one node";

    public async Task RunAsync(DrillMesh mesh, HostileCrowd crowd, Deeds deeds, CancellationToken over)
    {
        var victim = mesh.Any();
        var records = _identities.ConvertAll(crowd.Nobody);
        var old = Replays(victim);
        (string Name, Func<HostilePeer, bool> Do)[] kinds =
        [
            ("ping", peer => peer.TrySend(new Frame { Ping = new Ping() })),
            ("broadcast", peer => peer.TrySend(peer.Message(MessageType.Broadcast, default, Random.Shared.Next(1, MaxBroadcastBytes)))),
            ("record", peer => peer.TrySend(Random.Shared.Next(2) == 0 ? Own(peer) : Hearsay(records))),
            ("deposit", peer => peer.TrySend(Deposit(peer, records))),
            ("stale", peer => peer.TrySend(old[Random.Shared.Next(old.Count)])),
        ];
        var peers = kinds.Select(_ => crowd.Add()).ToArray();
        // Connect before the flood of handshakes uses up the quota of the shared address.
        foreach (var peer in peers)
            await peer.TryConnectAsync(victim.MeshPort, over);
        var returning = ReturnAsync(mesh, victim, peers, over);
        var handshakes = new Handshakes(victim.MeshPort, crowd);
        await foreach (var number in new Pacer(Times * honestRate, time).Beats(over))
        {
            var kind = number % (kinds.Length + 1);
            if (kind == kinds.Length)
                deeds.Add("handshake", handshakes.TryBegin(deeds, over));
            else
                deeds.Add(kinds[kind].Name, peers[kind].Connection is not null && kinds[kind].Do(peers[kind]));
        }
        await handshakes.EndAsync();
        await returning;
    }

    private static async Task ReturnAsync(DrillMesh mesh, DrillNode victim, HostilePeer[] peers, CancellationToken over)
    {
        while (await mesh.PauseAsync(ReturnAfter, over))
        {
            foreach (var peer in peers)
                await peer.TryConnectAsync(victim.MeshPort, over);
        }
    }

    /// <summary>Long expired messages from other senders, such as a relay could have kept.</summary>
    private List<Frame> Replays(DrillNode victim) =>
        _identities.ConvertAll(identity => HostilePeer.Message(identity, MessageType.Private, NodeAddress.Parse(victim.Address), 256, time.GetUtcNow() - Age));

    private Frame Own(HostilePeer peer) => new()
    {
        StoreRecord = new StoreRecord
        {
            Record = PeerRecord.Create(peer.Identity, "hostile", [], (ulong)time.GetTimestamp(), time.GetUtcNow().AddHours(1)).Wire,
        },
    };

    private static Frame Hearsay(List<PeerRecord> records)
    {
        var from = Random.Shared.Next(records.Count - 20);
        return new Frame { FoundNodes = new FoundNodes { Records = { records.GetRange(from, 20).Select(record => record.Wire) } } };
    }

    private static Frame Deposit(HostilePeer peer, List<PeerRecord> records)
    {
        var message = peer.Message(MessageType.Private, records[Random.Shared.Next(records.Count)].Address, 256);
        return new Frame { Correlation = 1, Deposit = new Deposit { Envelope = message.Envelope } };
    }

    /// <summary>Starts handshakes that lead to nothing, a limited number at a time.</summary>
    private sealed class Handshakes(int port, HostileCrowd crowd)
    {
        private readonly Stack<HostilePeer> _idle = new(Enumerable.Range(0, HandshakesAtATime).Select(_ => crowd.Add()));
        private readonly List<Task> _running = [];

        /// <summary>Starts a handshake; false if the maximum number is in progress.</summary>
        public bool TryBegin(Deeds deeds, CancellationToken over)
        {
            HostilePeer? peer;
            lock (_idle)
            {
                if (!_idle.TryPop(out peer))
                    return false;
            }
            _running.RemoveAll(task => task.IsCompleted);
            _running.Add(ShakeAsync(peer, deeds, over));
            return true;
        }

        public Task EndAsync() => Task.WhenAll(_running);

        private async Task ShakeAsync(HostilePeer peer, Deeds deeds, CancellationToken over)
        {
            deeds.Add(await peer.TryConnectAsync(port, over) ? "handshake_completed" : "handshake_failed");
            await peer.HangUpAsync();
            lock (_idle)
                _idle.Push(peer);
        }
    }
}
