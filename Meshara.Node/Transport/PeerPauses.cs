using System.Collections.Concurrent;
using Meshara.Node.Identity;

namespace Meshara.Node.Transport;

/// <summary>
/// How long to avoid individual peers: a pause with jitter that doubles each time in a row. Bounded, since identities are free.
/// Safe for concurrent use.
/// </summary>
internal sealed class PeerPauses(TimeSpan first, TimeSpan longest, TimeProvider time)
{
    private const int Capacity = 10_000;

    private readonly ConcurrentDictionary<NodeAddress, Pause> _pauses = new();

    /// <summary>True until the peer's latest pause is over.</summary>
    public bool Contains(NodeAddress peer) => _pauses.TryGetValue(peer, out var pause) && !IsOver(pause);

    /// <summary>Begins a pause. After a long enough time without one, the pauses start over from the shortest.</summary>
    public void Add(NodeAddress peer)
    {
        if (_pauses.Count >= Capacity && !_pauses.ContainsKey(peer))
            Trim();
        _pauses.AddOrUpdate(peer, _ => Next(0), (_, pause) => Next(time.GetElapsedTime(pause.At) > pause.Length + longest ? 0 : pause.Count));
    }

    public void Remove(NodeAddress peer) => _pauses.TryRemove(peer, out _);

    public void Clear() => _pauses.Clear();

    private Pause Next(int before)
    {
        var length = Math.Min(longest.TotalSeconds, first.TotalSeconds * (1 << Math.Min(before, 20)));
        return new Pause(time.GetTimestamp(), before + 1, TimeSpan.FromSeconds(length * (0.5 + Chance.Random.NextDouble() / 2)));
    }

    private bool IsOver(Pause pause) => time.GetElapsedTime(pause.At) > pause.Length;

    /// <summary>Forgets expired pauses first, then the oldest others, a tenth of the capacity in all.</summary>
    private void Trim()
    {
        foreach (var (peer, _) in _pauses.OrderBy(entry => !IsOver(entry.Value)).ThenBy(entry => entry.Value.At).Take(Capacity / 10))
            _pauses.TryRemove(peer, out _);
    }

    private sealed record Pause(long At, int Count, TimeSpan Length);
}
