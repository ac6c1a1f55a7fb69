using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.Options;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Node.Gossip;

/// <summary>
/// Whom this node believes alive: each node lets its own heartbeat grow and passes on the highest it has heard of every
/// other; one that stops growing is gone (van Renesse, Minsky and Hayden, "A gossip-style failure detection service", 1998).
/// Nobody but a member itself can make its heartbeat grow, or say goodbye for it. It informs operators; nothing is routed by it.
/// </summary>
internal sealed class Membership
{
    // Peers told each time: with two, news reaches n nodes in about log3(n) rounds.
    private const int Fanout = 2;
    private const int MaxMembers = 4096;

    // All of what a member has signed goes round while that is new, and now and then; most of the time its last beat does.
    private const int FullEvery = 16;
    private static readonly TimeSpan NewFor = TimeSpan.FromSeconds(10);

    // A member that is restarted signs anew; one that does it more often is a nuisance.
    private static readonly TimeSpan MinSigning = TimeSpan.FromSeconds(1);

    // Who leaves has no heartbeat any more.
    private static readonly ByteString NoBeats = ByteString.CopyFrom(new byte[SHA256.HashSizeInBytes]);

    private readonly NodeIdentity _identity;
    private readonly Swarm _swarm;
    private readonly GossipOptions _options;
    private readonly MeshTelemetry _telemetry;
    private readonly NodeClock _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeAddress, Heard> _members = [];
    private volatile View _view;
    private Heartbeat? _heartbeat;
    private ulong _number;
    private int _rounds;

    public Membership(NodeIdentity identity, Swarm swarm, IOptions<GossipOptions> options, MeshTelemetry telemetry, TimeProvider time)
    {
        _identity = identity;
        _swarm = swarm;
        _options = options.Value;
        _telemetry = telemetry;
        _time = NodeClock.Of(time);
        _view = View.Of([identity.Address]);
        swarm.Connected += Welcome;
    }

    /// <summary>Nodes believed alive, this one included.</summary>
    public int Size => _view.Size;

    /// <summary>A hash that is the same on two nodes that believe the same nodes alive; another set has it once in four billion.</summary>
    public uint ViewHash => _view.Hash;

    /// <summary>Tells and forgets until cancelled, then says goodbye.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(_options.MembershipInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                Refresh();
                Tell(Fanout, left: false, isFull: _rounds++ % FullEvery == 0);
            }
        }
        catch (OperationCanceledException)
        {
            // Everybody is told: who leaves in good order should not look like who crashed.
            Tell(int.MaxValue, left: true, isFull: true);
        }
    }

    /// <summary>A peer says whom it believes alive.</summary>
    /// <exception cref="MesharaException">
    /// With <see cref="ErrorCodes.Protocol"/> when the list is malformed, or says of a member what that has not signed: a node passes on
    /// only what it has verified.
    /// </exception>
    public void OnMembers(Members members)
    {
        _telemetry.Received(Tags.Ping);
        if (members.Members_.Count > MaxMembers + 1)
            throw new MesharaException(ErrorCodes.Protocol, "A list of members is too long.");
        // A heartbeat from the future would keep a dead member alive; of two clocks that differ the one that is behind may be this node's.
        var (wall, mesh) = (_time.GetUtcNow(), _time.MeshUtcNow);
        var latest = (ulong)((wall > mesh ? wall : mesh) + PeerRecord.MaxAhead).ToMicroseconds();
        var changed = false;
        foreach (var member in members.Members_)
        {
            if (member.Address.Length != NodeAddress.Size)
                throw new MesharaException(ErrorCodes.Protocol, "A member's address has a wrong length.");
            var address = new NodeAddress(member.Address.Span);
            if (member.Heartbeat > latest || !IsNews(address, member, out var known))
                continue;
            var full = MemberState.IsBeat(member) ? MemberState.WithBeat(known!, member) : member;
            if (!MemberState.IsAuthentic(full, known))
                throw new MesharaException(ErrorCodes.Protocol, "A member's state is not that member's own.");
            changed |= Take(address, full);
        }
        // Nearly all news is a beat more of who is known to be alive; who is silent goes with the next round.
        if (changed)
            Refresh();
    }

    /// <summary>True when a member's state is worth verifying. Who signs again and again costs no more than others.</summary>
    private bool IsNews(NodeAddress address, Member member, out Member? known)
    {
        known = null;
        var isBeat = MemberState.IsBeat(member);
        lock (_gate)
        {
            if (address == _identity.Address)
                return !isBeat && member.Heartbeat > _number;
            if (!_members.TryGetValue(address, out var heard))
                return !isBeat && _members.Count < MaxMembers;
            known = heard.State;
            if (isBeat)
                return member.Heartbeat == known.Heartbeat && member.Left == known.Left && member.Beats > known.Beats;
            return MemberState.IsNewer(member, known) && (member.Heartbeat == known.Heartbeat
                ? MemberState.IsSameChain(member, known)
                : member.Left != known.Left || _time.GetElapsedTime(heard.SignedAt) >= MinSigning);
        }
    }

    /// <summary>True when it may change who is alive.</summary>
    private bool Take(NodeAddress address, Member member)
    {
        lock (_gate)
        {
            if (address != _identity.Address)
            {
                var (now, heard) = (_time.GetTimestamp(), _members.GetValueOrDefault(address));
                // Something newer may have come from another peer meanwhile.
                if (heard is null || member.Heartbeat > heard.State.Heartbeat)
                    _members[address] = new Heard(member, MemberState.Beat(member), now, SignedAt: now);
                else if (MemberState.IsNewer(member, heard.State))
                    _members[address] = heard with { State = member, Beat = MemberState.Beat(member), At = now };
                return heard is null || member.Left != heard.State.Left || !IsAlive(heard);
            }
            // One of before a restart: the next one of this node has to be higher to be heard.
            _number = Math.Max(_number, member.Heartbeat);
            _heartbeat = null;
            return false;
        }
    }

    /// <summary>Takes out who has not been heard of, and makes the view that is shown.</summary>
    private void Refresh()
    {
        List<NodeAddress> alive;
        lock (_gate)
        {
            // Remembered for longer than it counts as alive, so that another node's older news does not revive it.
            foreach (var (address, heard) in _members.ToList())
            {
                if (_time.GetElapsedTime(heard.At) > _options.MemberTimeout * 4)
                    _members.Remove(address);
            }
            alive = [_identity.Address, .. _members.Where(member => IsAlive(member.Value)).Select(member => member.Key)];
        }
        alive.Sort();
        if (!_view.Is(alive))
            _view = View.Of(alive);
    }

    private bool IsAlive(Heard heard) => !heard.State.Left && _time.GetElapsedTime(heard.At) <= _options.MemberTimeout;

    /// <summary>A beat says nothing to who does not know what it belongs to.</summary>
    private void Welcome(PeerConnection newcomer)
    {
        _telemetry.Sent(Tags.Ping);
        newcomer.TrySend(new Frame { Members = Describe(left: false, isFull: true) });
    }

    private void Tell(int fanout, bool left, bool isFull)
    {
        var peers = _swarm.Connections.Where(connection => connection.IsOpen && connection.HasRoom).ToArray();
        if (peers.Length == 0)
            return;
        Random.Shared.Shuffle(peers);
        var frame = new Frame { Members = Describe(left, isFull) };
        foreach (var peer in peers.Take(fanout))
        {
            _telemetry.Sent(Tags.Ping);
            peer.TrySend(frame);
        }
    }

    private Members Describe(bool left, bool isFull)
    {
        var members = new Members();
        lock (_gate)
        {
            members.Members_.Add(Own(left));
            members.Members_.AddRange(_members.Values
                .Where(heard => _time.GetElapsedTime(heard.At) <= _options.MemberTimeout)
                .Select(heard => isFull || _time.GetElapsedTime(heard.SignedAt) < NewFor ? heard.State : heard.Beat));
        }
        return members;
    }

    /// <summary>What this node says of itself.</summary>
    private Member Own(bool left)
    {
        if (left || _heartbeat is null || _heartbeat.IsUsedUp)
        {
            _number = _time.Next(_number);
            if (left)
                return MemberState.Sign(_identity, _number, left, NoBeats);
            _heartbeat = new Heartbeat(_identity, _number);
        }
        return _heartbeat.Next();
    }

    /// <summary>What was last heard of a member.</summary>
    /// <param name="State">What it said of itself.</param>
    /// <param name="Beat">The same without what it has signed.</param>
    /// <param name="At">When that came here.</param>
    /// <param name="SignedAt">When something came here for which a signature had to be verified.</param>
    private sealed record Heard(Member State, Member Beat, long At, long SignedAt);

    /// <summary>A set of members and its hash, made once per change and not per scrape.</summary>
    private sealed class View
    {
        private readonly List<NodeAddress> _members;

        private View(List<NodeAddress> members, uint hash)
        {
            _members = members;
            Hash = hash;
        }

        public uint Hash { get; }

        public int Size => _members.Count;

        public bool Is(List<NodeAddress> members) => _members.SequenceEqual(members);

        public static View Of(List<NodeAddress> sorted)
        {
            var bytes = new byte[sorted.Count * NodeAddress.Size];
            for (var i = 0; i < sorted.Count; i++)
                sorted[i].CopyTo(bytes.AsSpan(i * NodeAddress.Size));
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(bytes, hash);
            return new View(sorted, BinaryPrimitives.ReadUInt32BigEndian(hash));
        }
    }
}
