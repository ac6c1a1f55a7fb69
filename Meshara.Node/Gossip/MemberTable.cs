using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Gossip;

/// <summary>
/// What this node has heard of all others, whom of them it believes alive, and what of it is news that others have to be told. Time counts
/// in it only while this node works: of a round that comes late, because the node or its machine stood still, most is this node's own
/// silence, and not that of the members (Dadgar, Phillips and Currey, "Lifeguard: Local Health Awareness for More Accurate Failure
/// Detection", 2017). Safe for concurrent use.
/// </summary>
internal sealed class MemberTable(NodeAddress self, GossipOptions options, MembershipPace pace)
{
    /// <summary>Others at the most.</summary>
    public const int MaxMembers = 32_768;

    // With two peers in each round a piece of news is passed on four times: one node in fifty misses it, and finds that out by its view.
    private const int RoundsTold = 2;

    // All of what a member has signed is told while that is new; then its last beat is enough.
    public static readonly TimeSpan NewFor = TimeSpan.FromSeconds(10);

    // A member that is restarted signs anew; one that does it more often is a nuisance.
    private static readonly TimeSpan MinSigning = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<NodeAddress, KnownMember> _members = [];
    private readonly Queue<NodeAddress> _news = [];
    private TimeSpan _now;
    private int _alive = 1;
    private MemberView? _view;

    /// <summary>What to do with what is said of a member.</summary>
    public enum Verdict
    {
        /// <summary>Nothing: it is known, or cannot be verified.</summary>
        Known,

        /// <summary>It is newer than what is known, if it is authentic.</summary>
        News,

        /// <summary>A doubt about what is known here, too.</summary>
        Doubt,

        /// <summary>A doubt that newer knowledge answers.</summary>
        Answered,
    }

    /// <summary>Time as this node has lived it.</summary>
    public TimeSpan Now
    {
        get
        {
            lock (_gate)
                return _now;
        }
    }

    /// <summary>The members believed alive, this node included.</summary>
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

    /// <summary>What is known of a member, when it is said to be gone or doubted to be there.</summary>
    public Member? Dispute(NodeAddress address)
    {
        lock (_gate)
        {
            return _members.TryGetValue(address, out var known) && (!known.IsAlive || known.DoubtedAt is not null)
                ? Describe(known, isFull: true)
                : null;
        }
    }

    /// <summary>Says whether a member's state is worth verifying. Who signs again and again costs no more than others.</summary>
    /// <param name="address">The member, not this node.</param>
    /// <param name="told">What is said of it.</param>
    /// <param name="known">What is known of it, null for nothing.</param>
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

    /// <summary>Takes a state that was verified, and tells it on.</summary>
    /// <param name="address">The member.</param>
    /// <param name="state">What it has said.</param>
    /// <param name="age">
    /// How long ago it came to who tells it. It counts for a member that nothing is known of, or else two nodes that forget it in turn
    /// would revive it for each other for ever.
    /// </param>
    /// <returns>True when it changed who is alive.</returns>
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

    /// <summary>Doubts that a member is alive, and tells it on.</summary>
    /// <returns>False when that is no news.</returns>
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

    /// <summary>Lets time pass: doubts who is silent, takes out who has not answered a doubt, and forgets who is long gone.</summary>
    /// <returns>Members that are doubted from now on.</returns>
    public List<NodeAddress> Pass(TimeSpan elapsed)
    {
        var doubted = new List<NodeAddress>();
        lock (_gate)
        {
            var longest = options.MembershipInterval * 2;
            _now += elapsed < longest ? elapsed : longest;
            var (silence, doubt) = (pace.Silence(_alive), pace.Doubt(_alive));
            // Remembered for longer than anybody believes it alive, so that nobody's older news revives it.
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

    /// <summary>The news that have waited longest, each in as many rounds as it takes to reach nearly everybody.</summary>
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

    /// <summary>All that are believed alive, and those that have just left: for a peer that forgets whom it is not told of.</summary>
    public List<Member> All(bool isFull)
    {
        lock (_gate)
        {
            return [.. _members.Values
                .Where(member => member.IsAlive || member.State.Left && _now - member.At < options.MemberTimeout)
                .Select(member => isFull || _now - member.SignedAt < NewFor ? member.State : MemberState.Beat(member.State))];
        }
    }

    /// <summary>What this node knows of the members where its view differs from another one's, those that are gone too.</summary>
    /// <param name="theirs">The other view, see <see cref="MemberView.Buckets"/>.</param>
    /// <param name="count">How many to tell at the most.</param>
    /// <param name="hasMore">True when there are more.</param>
    public List<Member> Difference(IReadOnlyList<uint> theirs, int count, out bool hasMore)
    {
        var own = View.Buckets(theirs.Count);
        // Whole buckets, so that those that were told do not differ any more; each time from another one on, should they go on to do so.
        var first = Random.Shared.Next(theirs.Count);
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
