using System.Diagnostics.CodeAnalysis;

namespace Meshara.Node;

/// <summary>
/// Remembers at least the last <c>capacity / 2</c> entries, unless they are older than half the lifetime; never more than
/// <c>capacity</c>, and none for longer than the lifetime. With two generations, forgetting costs nothing per entry. Safe for
/// concurrent use.
/// </summary>
internal sealed class RecentMap<TKey, TValue>(int capacity, TimeSpan lifetime, TimeProvider time)
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private Dictionary<TKey, TValue> _young = [];
    private Dictionary<TKey, TValue> _old = [];
    private long _turned = time.GetTimestamp();

    /// <summary>Adds an entry; false if the key is already remembered.</summary>
    public bool TryAdd(TKey key, TValue value)
    {
        lock (_gate)
        {
            Turn();
            return !_old.ContainsKey(key) && _young.TryAdd(key, value);
        }
    }

    /// <summary>Adds or replaces an entry.</summary>
    public void Set(TKey key, TValue value)
    {
        lock (_gate)
        {
            Turn();
            _old.Remove(key);
            _young[key] = value;
        }
    }

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        lock (_gate)
        {
            Turn();
            return _young.TryGetValue(key, out value) || _old.TryGetValue(key, out value);
        }
    }

    public bool Contains(TKey key) => TryGet(key, out _);

    /// <summary>
    /// The entry, created by <paramref name="create"/> if there is none. Concurrent callers may both create one; one result is
    /// kept.
    /// </summary>
    public TValue GetOrAdd<TState>(TKey key, TState state, Func<TKey, TState, TValue> create)
    {
        if (TryGet(key, out var value))
            return value;
        var made = create(key, state);
        return TryAdd(key, made) || !TryGet(key, out value) ? made : value;
    }

    public List<KeyValuePair<TKey, TValue>> Snapshot()
    {
        lock (_gate)
        {
            Turn();
            return [.. _old, .. _young];
        }
    }

    private void Turn()
    {
        var elapsed = time.GetElapsedTime(_turned);
        if (_young.Count < capacity / 2 && elapsed < lifetime / 2)
            return;
        _old = elapsed >= lifetime ? [] : _young;
        _young = [];
        _turned = time.GetTimestamp();
    }
}
