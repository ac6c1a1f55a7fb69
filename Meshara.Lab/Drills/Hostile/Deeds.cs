using System.Collections.Concurrent;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>How often the attackers did what. Safe for concurrent use.</summary>
internal sealed class Deeds
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>By what was done.</summary>
    public IReadOnlyDictionary<string, long> Counts => new SortedDictionary<string, long>(_counts, StringComparer.Ordinal);

    /// <summary>It was done once more.</summary>
    public void Add(string what) => _counts.AddOrUpdate(what, 1, static (_, count) => count + 1);

    /// <summary>It was done, or the node refused it.</summary>
    public void Add(string what, bool succeeded) => Add(succeeded ? what : $"{what}_refused");
}
