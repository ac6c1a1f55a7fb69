using System.Buffers;
using System.Threading.Tasks.Sources;

namespace Meshara.Lab.Simulation;

/// <summary>
/// One end of a simulated connection: bytes that are written arrive at the other end, in order, after the link's latency. A
/// lost packet delays what follows, as with TCP. Nothing limits how much is under way.
/// </summary>
internal sealed class SimulatedStream(SimulatedNode node, NetworkModel model) : Stream, IValueTaskSource<int>
{
    private readonly Queue<Segment> _arrived = new();
    private SimulatedStream _other = null!;
    private ManualResetValueTaskSourceCore<int> _read;
    private CancellationTokenRegistration _cancel;
    private Memory<byte> _into;
    private TimeSpan _lastArrival;
    private int _offset;
    private bool _isReading, _isClosed, _isReset, _hasEnded;

    /// <summary>Makes both ends of a connection.</summary>
    public static (SimulatedStream Near, SimulatedStream Far) Connect(SimulatedNode near, SimulatedNode far, NetworkModel model)
    {
        var ends = (Near: new SimulatedStream(near, model), Far: new SimulatedStream(far, model));
        (ends.Near._other, ends.Far._other) = (ends.Far, ends.Near);
        return ends;
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The other end reads to the end.</summary>
    public void EndSending() => Send(new Segment(null, 0));

    /// <summary>The connection is gone from this end's view: the other end has crashed or reset it.</summary>
    public void Reset()
    {
        _isReset = true;
        Serve();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isClosed || _isReset)
            return ValueTask.FromException(new IOException("The connection is closed."));
        var bytes = ArrayPool<byte>.Shared.Rent(buffer.Length);
        buffer.CopyTo(bytes);
        node.BytesSent += buffer.Length;
        Send(new Segment(bytes, buffer.Length));
        return ValueTask.CompletedTask;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsReadable || _isReset || _isClosed)
            return _isClosed || _isReset && !IsReadable ? ValueTask.FromException<int>(new IOException("The connection was reset.")) : ValueTask.FromResult(Take(buffer));
        _read.Reset();
        (_into, _isReading) = (buffer, true);
        _cancel = cancellationToken.UnsafeRegister(static (state, token) => ((SimulatedStream)state!).Cancel(token), this);
        return new ValueTask<int>(this, _read.Version);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
        // Nothing is buffered.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _read.OnCompleted(continuation, state, token, flags);

    protected override void Dispose(bool disposing)
    {
        if (!_isClosed)
        {
            _isClosed = true;
            Discard();
            // Queued behind what was sent before; an orderly end has been told already.
            Schedule(static state => ((SimulatedStream)state!).Reset());
        }
        base.Dispose(disposing);
    }

    private bool IsReadable => _arrived.Count > 0 || _hasEnded;

    private void Send(Segment segment) => Schedule(segment, static state =>
    {
        var (end, segment) = ((SimulatedStream, Segment))state!;
        end.Arrive(segment);
    });

    private void Schedule(Segment segment, SendOrPostCallback arrive) => model.Time.At(NextArrival(), _other.Context, arrive, (_other, segment));

    private void Schedule(SendOrPostCallback arrive) => model.Time.At(NextArrival(), _other.Context, arrive, _other);

    private NodeContext Context => node.Context;

    private TimeSpan NextArrival()
    {
        var arrival = model.Time.Now + model.Delay(node.Place, _other.Place);
        return _lastArrival = arrival > _lastArrival ? arrival : _lastArrival;
    }

    private int Place => node.Place;

    private void Arrive(Segment segment)
    {
        if (_isClosed)
        {
            segment.GiveBack();
            return;
        }
        if (segment.Bytes is null)
            _hasEnded = true;
        else
            _arrived.Enqueue(segment);
        Serve();
    }

    private void Serve()
    {
        if (!_isReading)
            return;
        _isReading = false;
        _cancel.Dispose();
        if (IsReadable)
            _read.SetResult(Take(_into));
        else
            _read.SetException(new IOException("The connection was reset."));
    }

    private void Cancel(CancellationToken token)
    {
        if (!_isReading)
            return;
        _isReading = false;
        _read.SetException(new OperationCanceledException(token));
    }

    /// <summary>Copies what fits; nothing for an empty buffer, which only waits for data.</summary>
    private int Take(Memory<byte> buffer)
    {
        var taken = 0;
        while (taken < buffer.Length && _arrived.TryPeek(out var segment))
        {
            var part = Math.Min(buffer.Length - taken, segment.Length - _offset);
            segment.Bytes.AsSpan(_offset, part).CopyTo(buffer.Span[taken..]);
            (taken, _offset) = (taken + part, _offset + part);
            if (_offset < segment.Length)
                break;
            _arrived.Dequeue().GiveBack();
            _offset = 0;
        }
        return taken;
    }

    private void Discard()
    {
        while (_arrived.TryDequeue(out var segment))
            segment.GiveBack();
    }

    /// <summary>Bytes under way; the end of the stream if there are none.</summary>
    private readonly record struct Segment(byte[]? Bytes, int Length)
    {
        public void GiveBack()
        {
            if (Bytes is not null)
                ArrayPool<byte>.Shared.Return(Bytes);
        }
    }
}
