using System.Collections.Concurrent;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>Counts the attackers' actions. Thread-safe.</summary>
internal sealed class Deeds
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Counts by action.</summary>
    public IReadOnlyDictionary<string, long> Counts => new SortedDictionary<string, long>(_counts, StringComparer.Ordinal);

    /// <summary>Counts one action.</summary>
    public void Add(string what) => _counts.AddOrUpdate(what, 1, static (_, count) => count + 1);

    /// <summary>Counts one action, under its own name or, if the node refused it, with the suffix <c>_refused</c>.</summary>
    public void Add(string what, bool succeeded) => Add(succeeded ? what : $"{what}_refused");
}
