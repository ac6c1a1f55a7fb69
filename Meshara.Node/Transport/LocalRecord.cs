using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Transport;

/// <summary>
/// This node's own peer record: signed again whenever what it says changes or half of its life is over.
/// The clock is the sequence number, so that it also grows over restarts.
/// </summary>
internal sealed class LocalRecord(NodeIdentity identity, string name, TimeProvider time)
{
    /// <summary>How long others may use a record without hearing of a newer one.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    private readonly Lock _gate = new();
    private IReadOnlyList<PeerEndpoint> _endpoints = [];
    private PeerRecord? _current;

    /// <summary>The record to hand out now.</summary>
    public PeerRecord Current
    {
        get
        {
            lock (_gate)
            {
                var now = time.GetUtcNow();
                if (_current is null || _current.Expires - now < Lifetime / 2)
                    _current = PeerRecord.Create(identity, name, _endpoints, (ulong)now.ToMicroseconds(), now + Lifetime);
                return _current;
            }
        }
    }

    /// <summary>True when this changed what the record says, so that it should be published again.</summary>
    public bool Advertise(IReadOnlyList<PeerEndpoint> endpoints)
    {
        lock (_gate)
        {
            if (_endpoints.SequenceEqual(endpoints))
                return false;
            _endpoints = endpoints;
            _current = null;
            return true;
        }
    }
}
