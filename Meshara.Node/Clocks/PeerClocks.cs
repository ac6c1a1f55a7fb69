using System.Buffers.Binary;
using Meshara.Node.Identity;

namespace Meshara.Node.Clocks;

/// <summary>
/// The peers' clocks as learned from handshakes and heartbeats, measured in this node's <see cref="NodeClock.Steady"/>, so that
/// a step of its own wall clock does not affect them. Decisions use medians, which a minority of wrong or hostile peers cannot
/// move far. Safe for concurrent use.
/// </summary>
internal sealed class PeerClocks(NodeClock clock)
{
    private const int MaxPeers = 256;
    private const int EntrySize = NodeAddress.Size + sizeof(long);
    private static readonly TimeSpan Recent = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan MaxDifference = TimeSpan.FromDays(100 * 365);

    // A record has at least 12 of its 24 hours left, so clocks further apart than this may take each other's records for
    // invalid.
    private static readonly TimeSpan Far = TimeSpan.FromHours(12);

    private readonly Lock _gate = new();
    private readonly Dictionary<NodeAddress, Reading> _readings = [];
    private long _lead = long.MinValue;
    private long _loneLead = long.MinValue;

    // Heartbeats are far more frequent than queries for a lead, and computing it takes all readings. So it is computed on
    // demand, as of the last reading.
    private volatile bool _isOutdated;
    private long _asOf;
    private TimeSpan _own;

    /// <summary>
    /// How far the mesh's wall clock is ahead of this node's steady time: the median over the peers and this node, so that a
    /// single peer corrects nobody. Null while no peer's clock is known.
    /// </summary>
    public TimeSpan? Lead => Read(ref _lead);

    /// <summary>
    /// The lead of the only known peer, if its clock is so far off that neither would accept the other's records; otherwise
    /// null. A node that is joining is more likely to be wrong than the mesh, and others' records lead it to peers that can
    /// settle it.
    /// </summary>
    public TimeSpan? LoneLead => Read(ref _loneLead);

    /// <summary>The estimate from recently heard peers; null if there are none.</summary>
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

    /// <summary>Records a reading of a peer's clocks.</summary>
    /// <param name="peer">The peer's address.</param>
    /// <param name="wall">Its wall clock.</param>
    /// <param name="steady">Its steady time.</param>
    /// <param name="delay">Roughly how long ago the reading was taken.</param>
    public void Observe(NodeAddress peer, DateTimeOffset wall, DateTimeOffset steady, TimeSpan delay)
    {
        var now = clock.Steady - delay;
        if ((wall - clock.GetUtcNow()).Duration() > MaxDifference || (steady - now).Duration() > MaxDifference)
            return; // no clock is this wrong; such a peer is trying to cause an overflow
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
            // While it is in doubt how much time has passed, keep the earlier reading, because the difference from it is the
            // answer.
            if (!inDoubt)
                reading.Reference = reading.SteadyLead;
            Outdate();
        }
    }

    /// <summary>
    /// How much more time has passed for the peers than for this node, by the steady time of those heard since; null if there
    /// are none.
    /// </summary>
    /// <param name="since">A timestamp.</param>
    /// <param name="voters">The number of peers it is based on.</param>
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

    /// <summary>Adjusts the readings after this node's steady time was moved forward.</summary>
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

    /// <summary>The median; of two middle values the one closer to zero, that is, to this node's own view.</summary>
    private static TimeSpan Median(List<TimeSpan> values)
    {
        values.Sort();
        var (low, high) = (values[(values.Count - 1) / 2], values[values.Count / 2]);
        return low.Duration() <= high.Duration() ? low : high;
    }

    private sealed class Reading
    {
        public bool IsHeard { get; set; }

        /// <summary>The peer's wall clock minus this node's steady time.</summary>
        public TimeSpan WallLead { get; set; }

        /// <summary>The peer's steady time minus this node's.</summary>
        public TimeSpan SteadyLead { get; set; }

        /// <summary>The steady lead before the doubt; null if the peer was not known then.</summary>
        public TimeSpan? Reference { get; set; }

        /// <summary>When the reading was taken, as a timestamp.</summary>
        public long At { get; set; }
    }
}
