namespace Meshara.ServiceDefaults.Diagnostics;

/// <summary>The latest log lines, as written. Limited in number and in bytes.</summary>
public sealed class RecentLogs
{
    private readonly DiagnosticsOptions _options;
    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _lines = new();
    private long _bytes;

    internal RecentLogs(DiagnosticsOptions options) => _options = options;

    /// <summary>The lines kept, newest first; each is a JSON object in UTF-8 with a newline.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Newest()
    {
        lock (_gate)
            return [.. _lines.Reverse().Select(line => (ReadOnlyMemory<byte>)line)];
    }

    internal void Add(byte[] line)
    {
        lock (_gate)
        {
            _lines.Enqueue(line);
            _bytes += line.Length;
            while (_lines.Count > _options.MaxLogs || _bytes > _options.MaxLogBytes)
                _bytes -= _lines.Dequeue().Length;
        }
    }
}
