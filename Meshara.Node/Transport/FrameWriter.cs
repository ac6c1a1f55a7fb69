using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Transport;

/// <summary>
/// The sending half of a connection. Callers serialize into a buffer whose contents are written to the stream together, so that
/// a busy connection sends many frames in one TLS record. After a pause there is nothing to batch, and the caller writes the
/// frame itself instead of waking another thread. Urgent frames have their own buffer, which is written first.
/// </summary>
internal sealed partial class FrameWriter(Stream stream, int bufferBytes, TimeProvider time)
{
    private const int LengthSize = 4;

    // Bytes per write: the most an urgent frame waits for, and the unit in which a peer's progress is measured.
    private const int PieceBytes = 64 * 1024;

    // Well above the gap between two frames of a busy connection, well below that between actions of a person or a timer.
    private static readonly TimeSpan Pause = TimeSpan.FromMicroseconds(200);

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _ended = new(Work.Asynchronously);
    private Gathered _urgent;
    private Gathered _bulk;
    private TaskCompletionSource? _room;
    private CancellationToken _abort;
    private long _idleSince;
    private long _progress;
    private long _queued;
    private long _left;
    private bool _writing = true; // nothing is written before RunAsync
    private bool _completed;

    /// <summary>What happens to a frame, and who writes the buffer.</summary>
    private enum Start
    {
        Closed,
        Full,
        No,
        Here,
        Elsewhere,
    }

    /// <summary>False while the send buffer is full.</summary>
    public bool HasRoom => Volatile.Read(ref _bulk.Length) < Limit;

    /// <summary>True if everything queued has been written.</summary>
    public bool IsIdle => !Volatile.Read(ref _writing);

    /// <summary>Increases with every piece that the stream has taken.</summary>
    public long Progress => Volatile.Read(ref _progress);

    /// <summary>Bytes of non-urgent frames queued so far.</summary>
    public long Queued => Volatile.Read(ref _queued);

    /// <summary>How many of <see cref="Queued"/> the stream has taken.</summary>
    public long Left => Volatile.Read(ref _left);

    // As much again may be in the process of being written.
    private int Limit => bufferBytes / 2;

    private int UrgentLimit => bufferBytes / 4;

    /// <summary>
    /// Queues a frame; waits only while the send buffer is full. Completion does not mean that the frame has left: queued
    /// frames are lost with the connection, and only an answer confirms delivery.
    /// </summary>
    /// <returns>Bytes queued; 0 if the connection is closed.</returns>
    public async ValueTask<int> WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        var size = frame.CalculateSize();
        while (true)
        {
            var start = AppendBulk(frame, size);
            if (start != Start.Full)
                return Begin(start, size);
            await RoomAsync().WaitAsync(cancellationToken);
        }
    }

    /// <summary>Queues a frame if there is room.</summary>
    /// <returns>Bytes queued; 0 if the send buffer is full or the connection is closed.</returns>
    public int TryWrite(Frame frame)
    {
        var size = frame.CalculateSize();
        return Begin(AppendBulk(frame, size), size);
    }

    /// <summary>Queues a frame that goes ahead of everything non-urgent, if there is room for it.</summary>
    /// <returns>As <see cref="TryWrite"/>.</returns>
    public int TryWriteUrgent(Frame frame)
    {
        var size = frame.CalculateSize();
        Start start;
        lock (_gate)
            start = Append(ref _urgent, UrgentLimit, frame, size);
        return Begin(start, size);
    }

    /// <summary>Completes when there is room again or the connection is closed.</summary>
    public Task RoomAsync()
    {
        lock (_gate)
        {
            return _completed || HasRoom
                ? Task.CompletedTask
                : (_room ??= new TaskCompletionSource(Work.Asynchronously)).Task;
        }
    }

    /// <summary>Writes one frame directly; only valid while nothing else is written to the stream.</summary>
    public static async Task WriteDirectAsync(Stream stream, Frame frame, CancellationToken cancellationToken)
    {
        var size = frame.CalculateSize();
        var bytes = new byte[LengthSize + size];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        frame.WriteTo(bytes.AsSpan(LengthSize));
        await stream.WriteAsync(bytes, cancellationToken);
    }

    /// <summary>Accepts no more frames; queued frames are still written.</summary>
    public void Complete()
    {
        TaskCompletionSource? room;
        lock (_gate)
        {
            if (_completed)
                return;
            _completed = true;
            if (!_writing)
                _ended.TrySetResult();
            (room, _room) = (_room, null);
        }
        room?.TrySetResult(); // waiting senders find the connection closed
    }

    /// <summary>Writes to the stream until <see cref="Complete"/>, an I/O error, or cancellation.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _abort = cancellationToken;
        using var aborted = cancellationToken.UnsafeRegister(static (state, token) => ((FrameWriter)state!)._ended.TrySetCanceled(token), this);
        try
        {
            await FlushAsync(isCaller: false);
            await _ended.Task;
        }
        finally
        {
            Complete();
        }
    }

    private Start AppendBulk(Frame frame, int size)
    {
        lock (_gate)
        {
            var start = Append(ref _bulk, Limit, frame, size);
            if (start is not (Start.Closed or Start.Full))
                Volatile.Write(ref _queued, _queued + LengthSize + size);
            return start;
        }
    }

    /// <summary>The caller holds the lock.</summary>
    private Start Append(ref Gathered buffer, int limit, Frame frame, int size)
    {
        if (_completed)
            return Start.Closed;
        if (buffer.Length >= limit)
            return Start.Full;
        buffer.Add(frame, size);
        if (_writing)
            return Start.No;
        _writing = true;
        return time.GetElapsedTime(_idleSince) < Pause ? Start.Elsewhere : Start.Here;
    }

    private int Begin(Start start, int size)
    {
        switch (start)
        {
            case Start.Closed or Start.Full:
                return 0;
            case Start.Here:
                _ = FlushAsync(isCaller: true);
                break;
            case Start.Elsewhere:
                Work.Queue(static writer => _ = writer.FlushAsync(isCaller: false), this, preferLocal: true);
                break;
        }
        return LengthSize + size;
    }

    /// <summary>Writes until nothing is queued.</summary>
    /// <param name="isCaller">
    /// True on the thread that queued the frame: it writes that frame and leaves later ones to another thread.
    /// </param>
    private async Task FlushAsync(bool isCaller)
    {
        try
        {
            while (Take(out var leaving, out var isUrgent))
            {
                try
                {
                    await WriteAsync(leaving, isUrgent);
                }
                finally
                {
                    leaving.GiveBack();
                }
                if (isCaller && Volatile.Read(ref _urgent.Length) + Volatile.Read(ref _bulk.Length) > 0)
                    await Task.Yield();
                isCaller = false;
            }
        }
        catch (Exception e)
        {
            _ended.TrySetException(e); // RunAsync throws it
        }
    }

    /// <summary>Writes whole frames, about a piece's worth at a time; frames that become urgent meanwhile go in between.</summary>
    private async ValueTask WriteAsync(Gathered leaving, bool isUrgent)
    {
        for (var at = 0; at < leaving.Length;)
        {
            var end = leaving.EndOfFrames(at, PieceBytes);
            await WriteAsync(leaving.Bytes.AsMemory(at, end - at));
            if (!isUrgent)
                Volatile.Write(ref _left, _left + end - at);
            at = end;
            if (at < leaving.Length && TakeUrgent(out var urgent))
            {
                try
                {
                    await WriteAsync(urgent.Bytes.AsMemory(0, urgent.Length));
                }
                finally
                {
                    urgent.GiveBack();
                }
            }
        }
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var piece = bytes[..Math.Min(bytes.Length, PieceBytes)];
            await stream.WriteAsync(piece, _abort);
            Volatile.Write(ref _progress, _progress + 1); // there is only one writer at a time
            bytes = bytes[piece.Length..];
        }
    }

    private bool TakeUrgent(out Gathered leaving)
    {
        leaving = default;
        if (Volatile.Read(ref _urgent.Length) == 0)
            return false;
        lock (_gate)
            leaving = _urgent.Take();
        return true;
    }

    private bool Take(out Gathered leaving, out bool isUrgent)
    {
        TaskCompletionSource? room = null;
        lock (_gate)
        {
            isUrgent = _urgent.Length > 0;
            if (isUrgent)
            {
                leaving = _urgent.Take();
                return true;
            }
            leaving = _bulk.Take();
            (room, _room) = (_room, null);
            if (leaving.Length == 0)
            {
                Volatile.Write(ref _writing, false);
                _idleSince = time.GetTimestamp();
                if (_completed)
                    _ended.TrySetResult();
            }
        }
        room?.TrySetResult();
        return leaving.Length > 0;
    }
}
