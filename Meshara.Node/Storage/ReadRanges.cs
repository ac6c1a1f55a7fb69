namespace Meshara.Node.Storage;

/// <summary>The cursors given to readers, as ordered disjoint ranges: nearly always one. Not safe for concurrent use.</summary>
internal sealed class ReadRanges
{
    private readonly List<CursorRange> _ranges = [];

    public IReadOnlyList<CursorRange> All => _ranges;

    public void Clear() => _ranges.Clear();

    public bool Contains(long cursor)
    {
        var at = FirstEndingAt(cursor);
        return at < _ranges.Count && _ranges[at].First <= cursor;
    }

    /// <summary>
    /// The first range that ends at the cursor or later, without its part before the cursor; null if there is none.
    /// </summary>
    public CursorRange? From(long cursor)
    {
        var at = FirstEndingAt(cursor);
        return at == _ranges.Count ? null : _ranges[at] with { First = Math.Max(_ranges[at].First, cursor) };
    }

    public void Add(CursorRange range)
    {
        // Merge the neighbours that it touches.
        var at = FirstEndingAt(range.First - 1);
        var count = 0;
        for (; at + count < _ranges.Count && _ranges[at + count].First <= range.Last + 1; count++)
            range = new CursorRange(Math.Min(range.First, _ranges[at + count].First), Math.Max(range.Last, _ranges[at + count].Last));
        _ranges.RemoveRange(at, count);
        _ranges.Insert(at, range);
    }

    private int FirstEndingAt(long cursor)
    {
        int low = 0, high = _ranges.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_ranges[middle].Last < cursor)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}

/// <summary>Cursors from the first to the last, both included.</summary>
internal readonly record struct CursorRange(long First, long Last);
