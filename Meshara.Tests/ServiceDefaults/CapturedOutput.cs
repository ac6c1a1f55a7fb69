using System.Text;
using System.Text.Json;

namespace Meshara.Tests.ServiceDefaults;

/// <summary>Replaces standard output: collects what the writer thread writes, and can block or fail like a pipe or disk.</summary>
internal sealed class CapturedOutput : Stream
{
    private readonly MemoryStream _bytes = new();
    private readonly ManualResetEventSlim _open = new(true);
    private TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _full;

    /// <summary>Completes once a write waits for <see cref="Unblock"/>.</summary>
    public TaskCompletionSource Blocked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool Full { get => _full; set => _full = value; }

    public string Text
    {
        get
        {
            lock (_bytes)
                return Encoding.UTF8.GetString(_bytes.ToArray());
        }
    }

    /// <summary>All complete lines so far; throws if one is not a JSON object.</summary>
    public IReadOnlyList<JsonElement> Lines
    {
        get
        {
            var text = Text;
            return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonDocument.Parse(line).RootElement)];
        }
    }

    public void Block() => _open.Reset();

    public void Unblock() => _open.Set();

    /// <summary>Waits for a matching line.</summary>
    public async Task<JsonElement> LineAsync(Func<JsonElement, bool> fits, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task written;
            lock (_bytes)
                written = _written.Task;
            var found = Lines.FirstOrDefault(fits);
            if (found.ValueKind == JsonValueKind.Object)
                return found;
            await written.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken);
        }
    }

    public Task<JsonElement> EventAsync(string name, CancellationToken cancellationToken) =>
        LineAsync(line => line.TryGetProperty("event", out var value) && value.GetString() == name, cancellationToken);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(byte[] buffer, int offset, int count)
    {
        if (!_open.IsSet)
        {
            Blocked.TrySetResult();
            _open.Wait(TimeSpan.FromSeconds(60));
        }
        if (_full)
            throw new IOException("No space left on device");
        lock (_bytes)
        {
            _bytes.Write(buffer, offset, count);
            _written.TrySetResult();
            _written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _open.Set();
        base.Dispose(disposing);
    }
}
