using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Node.Clocks;

/// <summary>
/// The node's two times. The wall clock (<see cref="GetUtcNow"/>) is for people, and anybody may set it. Lives are counted in
/// <see cref="Steady"/>, a scale of the node's own that follows the monotonic clock and goes on where it was after a restart: what
/// the wall clock says has passed meanwhile counts up to <see cref="Plausible"/>, and beyond that only when peers say so too.
/// </summary>
internal sealed class NodeClock : TimeProvider
{
    /// <summary>How far the wall clock alone is believed after a restart.</summary>
    public static readonly TimeSpan Plausible = TimeSpan.FromMinutes(15);

    /// <summary>From this difference on the wall clock was set, or the machine slept: no clock drifts so far between two looks.</summary>
    public static readonly TimeSpan MinStep = TimeSpan.FromSeconds(2);

    // A wall clock that differs from the peers' by less is taken as it is.
    private static readonly TimeSpan MinCorrection = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly long _started;
    private long _origin;
    private long _agreed;
    private int _restored;

    private NodeClock(TimeProvider time)
    {
        _time = time;
        _started = time.GetTimestamp();
        _origin = time.GetUtcNow().UtcTicks;
        Peers = new PeerClocks(this);
    }

    /// <summary>The machine stood still for so long: asleep, stopped, or frozen. Handlers are quick and do not throw.</summary>
    public event Action<TimeSpan>? Resumed;

    /// <summary>What is known of the peers' clocks.</summary>
    public PeerClocks Peers { get; }

    /// <summary>
    /// Never goes back and does not follow a wall clock that is set. To be compared with itself only, over restarts too; as a date it
    /// is only roughly right.
    /// </summary>
    public DateTimeOffset Steady => new(Interlocked.Read(ref _origin) + _time.GetElapsedTime(_started).Ticks, TimeSpan.Zero);

    /// <summary>How much more has passed by the wall clock than by <see cref="Steady"/> since the two last agreed; negative when it was set back.</summary>
    public TimeSpan Ahead => GetUtcNow() - Steady - TimeSpan.FromTicks(Interlocked.Read(ref _agreed));

    /// <summary>True while it is not decided what a step of the wall clock means.</summary>
    public bool IsInDoubt => Ahead.Duration() >= MinStep;

    /// <summary>The wall clock, corrected by what the majority of the peers' clocks says where it is off.</summary>
    public DateTimeOffset MajorityUtcNow => Correct(GetUtcNow(), Peers.Lead);

    /// <summary>As <see cref="MajorityUtcNow"/>, but a peer that is the only one counts too: for what nodes say of themselves.</summary>
    public DateTimeOffset MeshUtcNow => Correct(GetUtcNow(), Peers.LoneLead ?? Peers.Lead);

    /// <summary>For the time that a message carries: the later of the own clock and the majority's, since one that looks very old is refused.</summary>
    public DateTimeOffset Stamp => GetUtcNow() is var wall && Correct(wall, Peers.Lead) is var majority && wall > majority ? wall : majority;

    /// <summary>What the next run of the node needs to go on from here.</summary>
    public ClockState State => new(Steady, GetUtcNow(), Ahead, Peers.Export());

    /// <summary>The node's clock that <paramref name="time"/> is, or else one of its own for a part that runs without a node.</summary>
    public static NodeClock Of(TimeProvider time) => time as NodeClock ?? new NodeClock(time);

    /// <summary>
    /// A number by which others order what this node says of itself: it grows with the mesh's time, and by one at least. A last one that lies
    /// so far ahead that nobody took it, because this clock was wrong, does not count.
    /// </summary>
    public ulong Next(ulong last)
    {
        var now = MeshUtcNow;
        var time = (ulong)now.ToMicroseconds();
        return last < time || last >= (ulong)(now + PeerRecord.MaxAhead).ToMicroseconds() ? time : last + 1;
    }

    /// <summary>What this node tells others of its clocks.</summary>
    public Clock ToWire() => new() { Wall = GetUtcNow().ToMicroseconds(), Steady = Steady.ToMicroseconds() };

    public override DateTimeOffset GetUtcNow() => _time.GetUtcNow();

    public override long GetTimestamp() => _time.GetTimestamp();

    public override long TimestampFrequency => _time.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => _time.LocalTimeZone;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _time.CreateTimer(callback, state, dueTime, period);

    private DateTimeOffset Correct(DateTimeOffset wall, TimeSpan? lead)
    {
        if (lead is null)
            return wall;
        var corrected = Steady + lead.Value;
        return (wall - corrected).Duration() < MinCorrection ? wall : corrected;
    }

    /// <summary>Goes on from where an earlier run of the node was, if there was one; once, before anything is counted.</summary>
    public void Restore(ClockState? saved)
    {
        if (Interlocked.Exchange(ref _restored, 1) != 0 || saved is null)
            return; // the store may be opened anew under the running node
        var wall = GetUtcNow();
        var passed = wall - saved.Wall;
        var counted = passed < TimeSpan.Zero ? TimeSpan.Zero : passed < Plausible ? passed : Plausible;
        var steady = saved.Steady + counted;
        Interlocked.Exchange(ref _origin, steady.UtcTicks - _time.GetElapsedTime(_started).Ticks);
        Interlocked.Exchange(ref _agreed, (wall - steady - (saved.Ahead + passed - counted)).Ticks);
        Peers.Import(saved.Peers);
    }

    /// <summary>Ends a doubt: of what the wall clock is ahead, so much has passed.</summary>
    /// <param name="passed">Not negative.</param>
    /// <param name="since">A timestamp: what was heard of peers after it shows that time already.</param>
    public void Settle(TimeSpan passed, long since)
    {
        Interlocked.Add(ref _origin, passed.Ticks);
        Interlocked.Exchange(ref _agreed, (GetUtcNow() - Steady).Ticks);
        Peers.Settle(passed, since);
    }

    /// <summary>Tells all parts of the node that it stood still.</summary>
    public void Resume(TimeSpan stoodStill) => Resumed?.Invoke(stoodStill);
}
