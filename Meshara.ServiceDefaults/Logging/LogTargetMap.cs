namespace Meshara.ServiceDefaults.Logging;

/// <summary>Maps log categories to the targets of log lines, and tells which categories a filter's name covers.</summary>
internal sealed class LogTargetMap(IEnumerable<LogTarget> targets)
{
    private const int MaxTargetLength = 128;

    /// <summary>The entries in order, without those that an earlier entry hides.</summary>
    public IReadOnlyList<LogTarget> Entries { get; } = WithoutHidden(targets);

    /// <summary>
    /// Maps <c>Meshara.Node.Transport.Connection</c> to <c>meshara::network</c>, and <c>Foo.Bar</c>, in no entry, to
    /// <c>foo::bar</c>.
    /// </summary>
    public string Resolve(string category)
    {
        foreach (var entry in Entries)
        {
            if (Covers(entry.CategoryPrefix, category))
                return entry.Target;
        }
        return Default(category);
    }

    /// <summary>
    /// True if <paramref name="prefix"/> equals <paramref name="name"/> or ends before a dot or plus sign in it, ignoring
    /// case.
    /// </summary>
    public static bool Covers(string prefix, string name) =>
        name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
        && (name.Length == prefix.Length || name[prefix.Length] is '.' or '+');

    /// <summary>Normalizes a name for comparison: <c>meshara::network</c> becomes <c>meshara.network</c>.</summary>
    public static string Dotted(string name) => name.Replace("::", ".", StringComparison.Ordinal).ToLowerInvariant();

    private static List<LogTarget> WithoutHidden(IEnumerable<LogTarget> targets)
    {
        var entries = new List<LogTarget>();
        foreach (var target in targets)
        {
            if (!entries.Exists(earlier => Covers(earlier.CategoryPrefix, target.CategoryPrefix)))
                entries.Add(target);
        }
        return entries;
    }

    private static string Default(string category)
    {
        var bounded = category.Length <= MaxTargetLength ? category : category[..MaxTargetLength];
        return bounded.Replace('+', '.').Replace(".", "::", StringComparison.Ordinal).ToLowerInvariant();
    }
}
