using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Gossip;

/// <summary>
/// What this node has heard of all other members, which of them it believes to be alive, and the news to pass on. The table's
/// time advances only while this node runs: if a round comes late because the node or its machine was suspended, the silence is
/// mostly this node's own, not the members' (Dadgar, Phillips and Currey, "Lifeguard: Local Health Awareness for More Accurate
/// Failure Detection", 2017). Safe for concurrent use.
/// </summary>
internal sealed class MemberTable(NodeAddress self, GossipOptions options, MembershipPace pace)
{
    /// <summary>The most other members kept.</summary>
    public const int MaxMembers = 32_768;

    // With two peers per round, each node passes a piece of news on four times. One node in fifty misses it and finds out from
    // the view hash.
    private const int RoundsTold = 2;

    // A new signature is sent in full for this long; after that, the latest heartbeat is enough.
    public static readonly TimeSpan NewFor = TimeSpan.FromSeconds(10);

    // A restarted member signs anew; one that signs more often than this is a nuisance.
    private static readonly TimeSpan MinSigning = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<NodeAddress, KnownMember> _members = [];
    private readonly Queue<NodeAddress> _news = [];
    private TimeSpan _now;
    private int _alive = 1;
    private MemberView? _view;

    /// <summary>What to do with a statement about a member.</summary>
    public enum Verdict
    {
        /// <summary>Ignore it: it is already known, or cannot be verified.</summary>
        Known,

        /// <summary>It is newer than what is known; take it if it is authentic.</summary>
        News,

        /// <summary>It doubts the state that is known here.</summary>
        Doubt,

        /// <summary>It doubts an older state than the one known here; answer with the newer one.</summary>
        Answered,
    }

    /// <summary>The time this node has been running, without suspensions.</summary>
    public TimeSpan Now
    {
        get
        {
            lock (_gate)
                return _now;
        }
    }

    /// <summary>The members believed to be alive, this node included.</summary>
    public MemberView View
    {
        get
        {
            lock (_gate)
            {
                return _view ??= new MemberView(
                    _members.Where(member => member.Value.IsAlive).Select(member => member.Key).Append(self));
            }
        }
    }

    /// <summary>What is known of a member that is gone or doubted; null if it is neither.</summary>
    public Member? Dispute(NodeAddress address)
    {
        lock (_gate)
        {
            return _members.TryGetValue(address, out var known) && (!known.IsAlive || known.DoubtedAt is not null)
                ? Describe(known, isFull: true)
                : null;
        }
    }

    /// <summary>
    /// Decides whether a member's state is worth verifying. A member that keeps signing anew costs no more than others.
    /// </summary>
    /// <param name="address">The member, not this node.</param>
    /// <param name="told">The statement about it.</param>
    /// <param name="known">The state known here; null if there is none.</param>
    public Verdict Judge(NodeAddress address, Member told, out Member? known)
    {
        known = null;
        var isBeat = MemberState.IsBeat(told);
        lock (_gate)
        {
            if (!_members.TryGetValue(address, out var member))
                return isBeat || told.Doubted || _members.Count >= MaxMembers ? Verdict.Known : Verdict.News;
            known = member.State;
            if (!MemberState.IsNewer(told, known))
            {
                if (!told.Doubted || !member.IsAlive)
                    return Verdict.Known;
                return MemberState.IsNewer(known, told) ? Verdict.Answered : Verdict.Doubt;
            }
            var isWelcome = told.Heartbeat == known.Heartbeat
                ? isBeat ? told.Left == known.Left : MemberState.IsSameChain(told, known)
                : !isBeat && (told.Left != known.Left || _now - member.SignedAt >= MinSigning);
            return isWelcome ? Verdict.News : Verdict.Known;
        }
    }

    /// <summary>Stores a verified state and queues it as news.</summary>
    /// <param name="address">The member.</param>
    /// <param name="state">Its verified statement.</param>
    /// <param name="age">
    /// How long ago the state reached the peer that sent it. It counts only for an unknown member: otherwise two nodes that
    /// forget the member at different times would keep reviving it for each other.
    /// </param>
    /// <returns>True if the set of live members changed.</returns>
    public bool Take(NodeAddress address, Member state, TimeSpan age)
    {
        lock (_gate)
        {
            var isKnown = _members.TryGetValue(address, out var member);
            // Something newer may have come from another peer meanwhile.
            if (isKnown && !MemberState.IsNewer(state, member!.State))
                return false;
            if (!isKnown)
                _members[address] = member = new KnownMember { State = state, At = _now, SignedAt = _now };
            else if (state.Heartbeat > member!.State.Heartbeat)
                member.SignedAt = _now;
            (member!.State, member.At, member.DoubtedAt) = (state, isKnown ? _now : _now - age, null);
            if (isKnown || !state.Left)
                Announce(address, member);
            return Set(member, !state.Left);
        }
    }

    /// <summary>Doubts that a member is alive and queues the doubt as news.</summary>
    /// <returns>False if the member is unknown, gone or already doubted.</returns>
    public bool Doubt(NodeAddress address)
    {
        lock (_gate)
        {
            if (!_members.TryGetValue(address, out var member) || !member.IsAlive || member.DoubtedAt is not null)
                return false;
            member.DoubtedAt = _now;
            Announce(address, member);
            return true;
        }
    }

    /// <summary>
    /// Advances time: doubts silent members, removes those that did not answer a doubt, and forgets those that are long gone.
    /// </summary>
    /// <returns>The members that are newly doubted.</returns>
    public List<NodeAddress> Pass(TimeSpan elapsed)
    {
        var doubted = new List<NodeAddress>();
        lock (_gate)
        {
            var longest = options.MembershipInterval * 2;
            _now += elapsed < longest ? elapsed : longest;
            var (silence, doubt) = (pace.Silence(_alive), pace.Doubt(_alive));
            // Remembered for longer than any node believes it alive, so that older news cannot revive it.
            var memory = (silence + doubt) * 4;
            foreach (var (address, member) in _members)
            {
                if (!member.IsAlive)
                {
                    if (_now - member.At >= memory)
                        _members.Remove(address);
                }
                else if (member.DoubtedAt is { } since)
                {
                    Set(member, _now - since < doubt);
                }
                else if (_now - member.At >= silence)
                {
                    doubted.Add(address);
                }
            }
        }
        doubted.RemoveAll(address => !Doubt(address));
        return doubted;
    }

    /// <summary>The news that has waited longest; each item is sent in as many rounds as it takes to reach nearly everybody.</summary>
    public List<Member> News(int count)
    {
        var told = new List<Member>();
        lock (_gate)
        {
            for (var waiting = Math.Min(count, _news.Count); waiting > 0; waiting--)
            {
                var address = _news.Dequeue();
                if (!_members.TryGetValue(address, out var member))
                    continue;
                told.Add(Describe(member, isFull: _now - member.SignedAt < NewFor));
                if (--member.Rounds > 0)
                    _news.Enqueue(address);
            }
        }
        return told;
    }

    /// <summary>All live members and those that have just left, for a peer that forgets members it is not told of.</summary>
    public List<Member> All(bool isFull)
    {
        lock (_gate)
        {
            return [.. _members.Values
                .Where(member => member.IsAlive || member.State.Left && _now - member.At < options.MemberTimeout)
                .Select(member => isFull || _now - member.SignedAt < NewFor ? member.State : MemberState.Beat(member.State))];
        }
    }

    /// <summary>
    /// The members in the buckets where this node's view differs from another node's, including members that are gone.
    /// </summary>
    /// <param name="theirs">The other node's buckets, see <see cref="MemberView.Buckets"/>.</param>
    /// <param name="count">The most members to return.</param>
    /// <param name="hasMore">True if there are more.</param>
    public List<Member> Difference(IReadOnlyList<uint> theirs, int count, out bool hasMore)
    {
        var own = View.Buckets(theirs.Count);
        // Bucket by bucket, so that those sent no longer differ; from a random bucket, in case one keeps differing.
        var first = Chance.Random.Next(theirs.Count);
        lock (_gate)
        {
            var different = _members
                .Select(member => (Bucket: MemberView.BucketOf(member.Key, theirs.Count), member.Value))
                .Where(member => own[member.Bucket] != theirs[member.Bucket])
                .OrderBy(member => (member.Bucket - first + theirs.Count) % theirs.Count)
                .Take(count + 1)
                .Select(member => Old(member.Value))
                .ToList();
            hasMore = different.Count > count;
            return hasMore ? different[..count] : different;
        }
    }

    private Member Old(KnownMember member)
    {
        var told = Describe(member, isFull: true);
        told.Age = (uint)Math.Max(0, (_now - member.At).TotalSeconds);
        return told;
    }

    private static Member Describe(KnownMember member, bool isFull)
    {
        var told = isFull ? member.State.Clone() : MemberState.Beat(member.State);
        told.Doubted = !member.State.Left && (!member.IsAlive || member.DoubtedAt is not null);
        return told;
    }

    private void Announce(NodeAddress address, KnownMember member)
    {
        if (member.Rounds == 0)
            _news.Enqueue(address);
        member.Rounds = RoundsTold;
    }

    private bool Set(KnownMember member, bool isAlive)
    {
        if (member.IsAlive == isAlive)
            return false;
        member.IsAlive = isAlive;
        _alive += isAlive ? 1 : -1;
        _view = null;
        return true;
    }
}
