using System.Collections.Concurrent;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Routing;

/// <summary>
/// Next hops learned from traffic: if a message from X came in through P, X can probably be reached through P. Only signed
/// messages count, each once and only while it is young; otherwise anyone who kept a copy could replay it. A failure removes
/// the route.
/// </summary>
internal sealed class RouteCache(TimeSpan lifetime, TimeProvider time)
{
    private const int Capacity = 10_000;

    // Older messages come from retries and from stores, and their senders may have moved. The signed timestamp decides, not the
    // age counted along the way, which anyone can set. A sender whose clock is further off teaches no routes through others.
    private static readonly TimeSpan Young = TimeSpan.FromMinutes(2);

    private readonly NodeClock _clock = NodeClock.Of(time);
    private readonly ConcurrentDictionary<NodeAddress, Entry> _routes = new();
    private readonly RecentMap<(NodeAddress, MessageId), byte> _taught = new(50_000, Young * 4, time);

    /// <summary>Learns from a verified message that came through a peer.</summary>
    public void Learn(Envelope envelope, NodeAddress via)
    {
        // A peer's own messages come over its own connection, so they need no check.
        if (envelope.Sender == via || IsYoung(envelope) && _taught.TryAdd((envelope.Sender, envelope.Id), 0))
            Learn(envelope.Sender, via);
    }

    private bool IsYoung(Envelope envelope) => (_clock.MajorityUtcNow - envelope.Timestamp).Duration() < Young;

    public void Learn(NodeAddress destination, NodeAddress via)
    {
        // Nearly every message confirms a known route.
        if (_routes.TryGetValue(destination, out var known) && known.Via == via)
        {
            known.Learn(_clock.GetTimestamp());
            return;
        }
        if (known is null && _routes.Count >= Capacity)
            Sweep();
        _routes[destination] = new Entry(via, _clock.GetTimestamp());
    }

    public bool TryGet(NodeAddress destination, out NodeAddress via)
    {
        var found = _routes.TryGetValue(destination, out var entry) && _clock.GetElapsedTime(entry!.Learned) < lifetime;
        via = found ? entry!.Via : default;
        return found;
    }

    /// <summary>Forgets a route that did not work.</summary>
    public void Forget(NodeAddress destination) => _routes.TryRemove(destination, out _);

    /// <summary>Forgets every route through a peer that is gone.</summary>
    public void ForgetVia(NodeAddress peer)
    {
        foreach (var (destination, entry) in _routes)
        {
            if (entry.Via == peer)
                _routes.TryRemove(KeyValuePair.Create(destination, entry));
        }
    }

    public IReadOnlyList<(NodeAddress Destination, NodeAddress Via, DateTimeOffset LearnedAt)> Snapshot()
    {
        var now = _clock.GetUtcNow();
        return [.. _routes.Select(route => (route.Key, route.Value.Via, now - _clock.GetElapsedTime(route.Value.Learned)))];
    }

    private void Sweep()
    {
        foreach (var (destination, entry) in _routes.OrderBy(route => route.Value.Learned).Take(Capacity / 10))
            _routes.TryRemove(KeyValuePair.Create(destination, entry));
    }

    private sealed class Entry(NodeAddress via, long learned)
    {
        private long _learned = learned;

        public NodeAddress Via { get; } = via;

        /// <summary>When it was last learned, as a timestamp.</summary>
        public long Learned => Volatile.Read(ref _learned);

        public void Learn(long now) => Volatile.Write(ref _learned, now);
    }
}
