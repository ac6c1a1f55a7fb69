using System.Buffers.Binary;
using Meshara.Node.Identity;

namespace Meshara.Node.Clocks;

/// <summary>
/// What handshakes and heartbeats tell of the peers' clocks, all measured in this node's <see cref="NodeClock.Steady"/>, so that a step
/// of its own wall clock changes none of it. Medians decide, which a minority of wrong or hostile peers cannot move far.
/// Safe for concurrent use.
/// </summary>
internal sealed class PeerClocks(NodeClock clock)
{
    private const int MaxPeers = 256;
    private const int EntrySize = NodeAddress.Size + sizeof(long);
    private static readonly TimeSpan Recent = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan MaxDifference = TimeSpan.FromDays(100 * 365);

    // Records last for 24 hours, and nobody uses one for longer than half of that.
    private static readonly TimeSpan Far = TimeSpan.FromHours(12);

    private readonly Lock _gate = new();
    private readonly Dictionary<NodeAddress, Reading> _readings = [];
    private long _lead = long.MinValue;
    private long _loneLead = long.MinValue;

    // Heartbeats come far more often than anybody asks for a lead, which needs a look at all readings: it is worked out when asked for,
    // as of the moment of the last reading.
    private volatile bool _isOutdated;
    private long _asOf;
    private TimeSpan _own;

    /// <summary>
    /// By how much the wall clock of the mesh is ahead of this node's steady time: the median of the peers' and this node's own, so that
    /// one peer alone corrects nobody. Null while no peer's is known.
    /// </summary>
    public TimeSpan? Lead => Read(ref _lead);

    /// <summary>
    /// The same of the only peer that is known, when its clock is so far away that neither would take the other's records; else null. Of the two
    /// the one that joins is more likely wrong than the mesh, and through others' records it meets those who can tell.
    /// </summary>
    public TimeSpan? LoneLead => Read(ref _loneLead);

    /// <summary>The estimate from peers heard of lately; null when there are none.</summary>
    public ClockSkew? Skew
    {
        get
        {
            var own = clock.GetUtcNow() - clock.Steady;
            var now = clock.GetTimestamp();
            List<TimeSpan> skews;
            lock (_gate)
                skews = [.. _readings.Values.Where(reading => IsRecent(reading, now)).Select(reading => own - reading.WallLead)];
            if (skews.Count == 0)
                return null;
            var median = Median(skews);
            return new ClockSkew(median, Median(skews.ConvertAll(skew => (skew - median).Duration())), skews.Count);
        }
    }

    /// <summary>Notes what a peer's clocks showed.</summary>
    /// <param name="peer">Whose.</param>
    /// <param name="wall">Its wall clock.</param>
    /// <param name="steady">Its steady time.</param>
    /// <param name="delay">How long ago that was, about.</param>
    public void Observe(NodeAddress peer, DateTimeOffset wall, DateTimeOffset steady, TimeSpan delay)
    {
        var now = clock.Steady - delay;
        if ((wall - clock.GetUtcNow()).Duration() > MaxDifference || (steady - now).Duration() > MaxDifference)
            return; // no clock is wrong by so much; a peer that says so wants times to overflow
        var inDoubt = clock.IsInDoubt;
        lock (_gate)
        {
            if (!_readings.TryGetValue(peer, out var reading))
            {
                if (_readings.Count >= MaxPeers)
                    _readings.Remove(_readings.MinBy(entry => entry.Value.At).Key);
                _readings[peer] = reading = new Reading();
            }
            reading.WallLead = wall - now;
            reading.SteadyLead = steady - now;
            reading.At = clock.GetTimestamp();
            reading.IsHeard = true;
            // While it is in doubt how much time has passed, what was before tells it.
            if (!inDoubt)
                reading.Reference = reading.SteadyLead;
            Outdate();
        }
    }

    /// <summary>How much more time has passed for peers than for this node, by the steady time of those heard of since; null while none was.</summary>
    /// <param name="since">A timestamp.</param>
    /// <param name="voters">How many peers say it.</param>
    public TimeSpan? Missed(long since, out int voters)
    {
        lock (_gate)
        {
            List<TimeSpan> missed = [.. _readings.Values
                .Where(reading => reading is { IsHeard: true, Reference: not null } && reading.At >= since)
                .Select(reading => reading.SteadyLead - reading.Reference!.Value)];
            voters = missed.Count;
            return voters == 0 ? null : Median(missed);
        }
    }

    /// <summary>This node's steady time was moved forward: what was measured against it moves back.</summary>
    public void Settle(TimeSpan passed, long since)
    {
        lock (_gate)
        {
            foreach (var reading in _readings.Values.Where(reading => reading.IsHeard && reading.At >= since))
            {
                reading.WallLead -= passed;
                reading.SteadyLead -= passed;
                reading.Reference = reading.SteadyLead;
            }
            Outdate();
        }
    }

    public byte[] Export()
    {
        lock (_gate)
        {
            var known = _readings.Where(entry => entry.Value.Reference is not null).ToList();
            var bytes = new byte[known.Count * EntrySize];
            for (var i = 0; i < known.Count; i++)
            {
                var entry = bytes.AsSpan(i * EntrySize, EntrySize);
                known[i].Key.CopyTo(entry);
                BinaryPrimitives.WriteInt64LittleEndian(entry[NodeAddress.Size..], known[i].Value.Reference!.Value.Ticks);
            }
            return bytes;
        }
    }

    public void Import(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            for (; bytes.Length >= EntrySize && _readings.Count < MaxPeers; bytes = bytes[EntrySize..])
            {
                var lead = TimeSpan.FromTicks(BinaryPrimitives.ReadInt64LittleEndian(bytes[NodeAddress.Size..]));
                _readings[new NodeAddress(bytes[..NodeAddress.Size])] = new Reading { Reference = lead };
            }
        }
    }

    /// <summary>The caller holds the lock.</summary>
    private void Outdate()
    {
        (_asOf, _own) = (clock.GetTimestamp(), clock.GetUtcNow() - clock.Steady);
        _isOutdated = true;
    }

    private void UpdateLead()
    {
        lock (_gate)
        {
            if (!_isOutdated)
                return;
            List<TimeSpan> skews = [.. _readings.Values.Where(reading => IsRecent(reading, _asOf)).Select(reading => _own - reading.WallLead)];
            if (skews.Count > 0)
            {
                var isFar = skews.Count == 1 && skews[0].Duration() > Far;
                Interlocked.Exchange(ref _loneLead, isFar ? (_own - skews[0]).Ticks : long.MinValue);
                skews.Add(TimeSpan.Zero);
                Interlocked.Exchange(ref _lead, (_own - Median(skews)).Ticks);
            }
            _isOutdated = false;
        }
    }

    private TimeSpan? Read(ref long lead)
    {
        if (_isOutdated)
            UpdateLead();
        return Interlocked.Read(ref lead) is var ticks and not long.MinValue ? TimeSpan.FromTicks(ticks) : null;
    }

    private bool IsRecent(Reading reading, long now) => reading.IsHeard && clock.GetElapsedTime(reading.At, now) < Recent;

    /// <summary>Of two in the middle the one that is nearer to zero, which means: to this node's own view.</summary>
    private static TimeSpan Median(List<TimeSpan> values)
    {
        values.Sort();
        var (low, high) = (values[(values.Count - 1) / 2], values[values.Count / 2]);
        return low.Duration() <= high.Duration() ? low : high;
    }

    private sealed class Reading
    {
        public bool IsHeard { get; set; }

        /// <summary>The peer's wall clock less this node's steady time.</summary>
        public TimeSpan WallLead { get; set; }

        /// <summary>The peer's steady time less this node's.</summary>
        public TimeSpan SteadyLead { get; set; }

        /// <summary>The same before the doubt; null when the peer was not known then.</summary>
        public TimeSpan? Reference { get; set; }

        /// <summary>When it was measured, as a timestamp.</summary>
        public long At { get; set; }
    }
}
