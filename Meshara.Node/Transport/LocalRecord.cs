using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Transport;

/// <summary>
/// This node's own peer record. It is signed again when its contents change, when half of its lifetime has passed, or when the
/// clock it was signed by proves wrong. Sequence numbers follow the mesh's time, so that they also increase across restarts.
/// </summary>
internal sealed class LocalRecord(NodeIdentity identity, string name, TimeProvider time)
{
    /// <summary>How long others may use a record without receiving a newer one.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private readonly NodeClock _clock = NodeClock.Of(time);
    private readonly Lock _gate = new();
    private IReadOnlyList<PeerEndpoint> _endpoints = [];
    private PeerRecord? _current;
    private ulong _sequence;

    /// <summary>The current record, signed again if needed.</summary>
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

    /// <summary>
    /// Sets the endpoints. True if the record changes or must be signed anew, and should therefore be published again.
    /// </summary>
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

    /// <summary>
    /// Moves past a record of this node that others know: one made before a restart, by a clock that was ahead, must not block
    /// newer ones.
    /// </summary>
    /// <returns>True if the known record was ahead.</returns>
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
