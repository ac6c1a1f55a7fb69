namespace Meshara.ServiceDefaults.Logging;

/// <summary>Writes lines to a stream such as standard output, many at a time.</summary>
internal sealed class StreamSink(Stream stream) : ILineSink
{
    private readonly MemoryStream _chunk = new(64 * 1024);

    public int Write(IReadOnlyList<byte[]> lines)
    {
        var lost = 0;
        var inChunk = 0;
        for (var i = 0; i < lines.Count; i++)
        {
            _chunk.Write(lines[i]);
            inChunk++;
            if (_chunk.Length < 32 * 1024 && i + 1 < lines.Count)
                continue;
            if (!TryWriteChunk())
                lost += inChunk;
            inChunk = 0;
        }
        return lost;
    }

    public void Dispose() => _chunk.Dispose(); // the stream belongs to the process

    private bool TryWriteChunk()
    {
        try
        {
            stream.Write(_chunk.GetBuffer().AsSpan(0, (int)_chunk.Length));
            stream.Flush();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Redirected to a full disk or a closed pipe, or closed from the start, which .NET reports as access denied.
            // The loss is counted and reported when writing works again.
            return false;
        }
        finally
        {
            _chunk.SetLength(0);
        }
    }
}
