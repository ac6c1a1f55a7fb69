using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Transport;

/// <summary>
/// This node's own peer record: signed again whenever what it says changes, half of its life is over, or the clock it was signed by has
/// turned out wrong. The sequence number follows the time of the mesh, so that it also grows over restarts.
/// </summary>
internal sealed class LocalRecord(NodeIdentity identity, string name, TimeProvider time)
{
    /// <summary>How long others may use a record without hearing of a newer one.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private readonly NodeClock _clock = NodeClock.Of(time);
    private readonly Lock _gate = new();
    private IReadOnlyList<PeerEndpoint> _endpoints = [];
    private PeerRecord? _current;
    private ulong _sequence;

    /// <summary>The record to hand out now.</summary>
    public PeerRecord Current
    {
        get
        {
            lock (_gate)
            {
                var now = _clock.MeshUtcNow;
                if (_current is null || IsOutdated(_current, now))
                {
                    _sequence = _clock.Next(_sequence);
                    _current = PeerRecord.Create(identity, name, _endpoints, _sequence, now + Lifetime);
                }
                return _current;
            }
        }
    }

    /// <summary>True when this changed what the record says, or it is signed anew, so that it should be published again.</summary>
    public bool Advertise(IReadOnlyList<PeerEndpoint> endpoints)
    {
        lock (_gate)
        {
            if (_current is not null && !IsOutdated(_current, _clock.MeshUtcNow) && _endpoints.SequenceEqual(endpoints))
                return false;
            _endpoints = endpoints;
            _current = null;
            return true;
        }
    }

    /// <summary>Others know a record of this node: one made before a restart, by a clock that was ahead, must not keep newer ones out.</summary>
    /// <returns>True when that made a difference.</returns>
    public bool MoveOn(ulong known)
    {
        lock (_gate)
        {
            if (_current is null || known <= _current.Sequence)
                return false;
            _sequence = known;
            _current = null;
            return true;
        }
    }

    private static bool IsOutdated(PeerRecord record, DateTimeOffset now) =>
        record.Expires - now is var left && (left < Lifetime / 2 || left > Lifetime + TimeSpan.FromMinutes(5));
}
