using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Node.Clocks;

/// <summary>
/// The node's two times. The wall clock (<see cref="GetUtcNow"/>) is for display and may be set by anyone. Lifetimes are
/// counted in <see cref="Steady"/>, the node's own time scale, which follows the monotonic clock and continues across restarts.
/// The time spent off is taken from the wall clock up to <see cref="Plausible"/>; anything beyond counts only once peers
/// confirm it.
/// </summary>
internal sealed class NodeClock : TimeProvider
{
    /// <summary>The longest downtime for which the wall clock alone is trusted.</summary>
    public static readonly TimeSpan Plausible = TimeSpan.FromMinutes(15);

    /// <summary>
    /// From this difference on the wall clock was set or the machine slept: no clock drifts this far between two checks.
    /// </summary>
    public static readonly TimeSpan MinStep = TimeSpan.FromSeconds(2);

    // Smaller differences between the wall clock and the peers' clocks are not corrected.
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

    /// <summary>
    /// Raised after the machine or the process was suspended (asleep, stopped or frozen) for the given time. Handlers must be
    /// quick and must not throw.
    /// </summary>
    public event Action<TimeSpan>? Resumed;

    /// <summary>What is known about the peers' clocks.</summary>
    public PeerClocks Peers { get; }

    /// <summary>
    /// Never goes back, and does not follow changes to the wall clock. Comparable only with itself, including across restarts;
    /// as a date it is only roughly right.
    /// </summary>
    public DateTimeOffset Steady => new(Interlocked.Read(ref _origin) + _time.GetElapsedTime(_started).Ticks, TimeSpan.Zero);

    /// <summary>
    /// How much further the wall clock has advanced than <see cref="Steady"/> since the two last agreed; negative if it was set
    /// back.
    /// </summary>
    public TimeSpan Ahead => GetUtcNow() - Steady - TimeSpan.FromTicks(Interlocked.Read(ref _agreed));

    /// <summary>True while it is undecided what a step of the wall clock means.</summary>
    public bool IsInDoubt => Ahead.Duration() >= MinStep;

    /// <summary>The wall clock, corrected by the majority of the peers' clocks if it is off.</summary>
    public DateTimeOffset MajorityUtcNow => Correct(GetUtcNow(), Peers.Lead);

    /// <summary>As <see cref="MajorityUtcNow"/>, but a single peer counts too; used for statements of nodes about themselves.</summary>
    public DateTimeOffset MeshUtcNow => Correct(GetUtcNow(), Peers.LoneLead ?? Peers.Lead);

    /// <summary>
    /// The timestamp for new messages: the later of the wall clock and the majority's time, because messages that look too old
    /// are refused.
    /// </summary>
    public DateTimeOffset Stamp => GetUtcNow() is var wall && Correct(wall, Peers.Lead) is var majority && wall > majority ? wall : majority;

    /// <summary>The state that the next run of the node needs to continue.</summary>
    public ClockState State => new(Steady, GetUtcNow(), Ahead, Peers.Export());

    /// <summary>
    /// <paramref name="time"/> itself if it is a node's clock; otherwise a new clock, for a component that runs without a node.
    /// </summary>
    public static NodeClock Of(TimeProvider time) => time as NodeClock ?? new NodeClock(time);

    /// <summary>
    /// The next sequence number for this node's statements about itself. It follows the mesh's time and increases by at least
    /// one. If a wrong clock has put the last number so far ahead that nobody accepted it, it is ignored.
    /// </summary>
    public ulong Next(ulong last)
    {
        var now = MeshUtcNow;
        var time = (ulong)now.ToMicroseconds();
        return last < time || last >= (ulong)(now + PeerRecord.MaxAhead).ToMicroseconds() ? time : last + 1;
    }

    /// <summary>The clock readings that this node sends to others.</summary>
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

    /// <summary>
    /// Continues from an earlier run's state, if there is one. Only the first call has an effect, which must come before
    /// anything is counted.
    /// </summary>
    public void Restore(ClockState? saved)
    {
        if (Interlocked.Exchange(ref _restored, 1) != 0 || saved is null)
            return; // the store may be reopened while the node runs
        var wall = GetUtcNow();
        var passed = wall - saved.Wall;
        var counted = passed < TimeSpan.Zero ? TimeSpan.Zero : passed < Plausible ? passed : Plausible;
        var steady = saved.Steady + counted;
        Interlocked.Exchange(ref _origin, steady.UtcTicks - _time.GetElapsedTime(_started).Ticks);
        Interlocked.Exchange(ref _agreed, (wall - steady - (saved.Ahead + passed - counted)).Ticks);
        Peers.Import(saved.Peers);
    }

    /// <summary>Resolves a doubt: counts how much of the wall clock's lead has really passed.</summary>
    /// <param name="passed">Not negative.</param>
    /// <param name="since">A timestamp; readings of peers taken after it already include that time.</param>
    public void Settle(TimeSpan passed, long since)
    {
        Interlocked.Add(ref _origin, passed.Ticks);
        Interlocked.Exchange(ref _agreed, (GetUtcNow() - Steady).Ticks);
        Peers.Settle(passed, since);
    }

    /// <summary>Tells the other parts of the node that it was suspended.</summary>
    public void Resume(TimeSpan stoodStill) => Resumed?.Invoke(stoodStill);
}
