using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using Google.Protobuf;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Transport;

/// <summary>
/// The sending half of a connection. Callers serialize into a buffer, and whatever has gathered is written to the stream at once, so
/// that a busy connection sends many frames in one TLS record. After a pause there is nothing to gather with: such a frame is written by
/// its caller, without waiting for another thread.
/// </summary>
internal sealed class FrameWriter(Stream stream, int bufferBytes)
{
    private const int LengthSize = 4;

    // Well above the time between two frames of a busy connection, well below what a person or a timer does in a row.
    private static readonly TimeSpan Pause = TimeSpan.FromMicroseconds(200);

    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[] _gathering = [];
    private int _gathered;
    private TaskCompletionSource? _room;
    private CancellationToken _abort;
    private long _idleSince;
    private bool _writing = true; // nothing is written before RunAsync
    private bool _completed;

    /// <summary>Who writes what has gathered.</summary>
    private enum Start
    {
        Never,
        No,
        Here,
        Elsewhere,
    }

    /// <summary>False while the send buffer is full.</summary>
    public bool HasRoom => Volatile.Read(ref _gathered) < Limit;

    // As much again may be leaving.
    private int Limit => bufferBytes / 2;

    /// <summary>
    /// Queues a frame; waits only while the send buffer is full. Completion does not mean that it has left: a lost
    /// connection loses what was queued, and whoever needs certainty waits for an answer.
    /// </summary>
    /// <returns>Bytes queued, 0 when the connection is closed.</returns>
    public async ValueTask<int> WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        var size = frame.CalculateSize();
        Start start;
        while (Append(frame, size, out start) is { } room)
            await room.WaitAsync(cancellationToken);
        switch (start)
        {
            case Start.Here:
                _ = FlushAsync(isCaller: true);
                break;
            case Start.Elsewhere:
                ThreadPool.UnsafeQueueUserWorkItem(static writer => _ = writer.FlushAsync(isCaller: false), this, preferLocal: true);
                break;
            case Start.Never:
                return 0;
        }
        return LengthSize + size;
    }

    /// <summary>Writes one frame at once; nothing else may be written yet.</summary>
    public static async Task WriteDirectAsync(Stream stream, Frame frame, CancellationToken cancellationToken)
    {
        var size = frame.CalculateSize();
        var bytes = new byte[LengthSize + size];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        frame.WriteTo(bytes.AsSpan(LengthSize));
        await stream.WriteAsync(bytes, cancellationToken);
    }

    /// <summary>Takes no more frames; what is queued is still written.</summary>
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
        room?.TrySetResult(); // whoever waits for room finds the connection closed
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

    /// <summary>What to wait for while there is no room; null once the frame is queued, or the connection closed.</summary>
    private Task? Append(Frame frame, int size, out Start start)
    {
        lock (_gate)
        {
            start = _completed ? Start.Never : Start.No;
            if (_completed)
                return null;
            if (_gathered >= Limit)
                return (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            var end = _gathered + LengthSize + size;
            if (end > _gathering.Length)
                Grow(end);
            BinaryPrimitives.WriteInt32BigEndian(_gathering.AsSpan(_gathered), size);
            frame.WriteTo(_gathering.AsSpan(_gathered + LengthSize, size));
            Volatile.Write(ref _gathered, end);
            if (_writing)
                return null;
            _writing = true;
            start = Stopwatch.GetElapsedTime(_idleSince) < Pause ? Start.Elsewhere : Start.Here;
            return null;
        }
    }

    private void Grow(int size)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(size, 2 * _gathered));
        _gathering.AsSpan(0, _gathered).CopyTo(larger);
        GiveBack(_gathering);
        _gathering = larger;
    }

    /// <summary>Writes until nothing is left.</summary>
    /// <param name="isCaller">True on the thread of whoever queued the frame, which writes that one and leaves what comes meanwhile to another thread.</param>
    private async Task FlushAsync(bool isCaller)
    {
        try
        {
            while (Take(out var leaving, out var length))
            {
                try
                {
                    await stream.WriteAsync(leaving.AsMemory(0, length), _abort);
                }
                finally
                {
                    GiveBack(leaving);
                }
                if (isCaller && Volatile.Read(ref _gathered) > 0)
                    await Task.Yield();
                isCaller = false;
            }
        }
        catch (Exception e)
        {
            _ended.TrySetException(e); // RunAsync throws it
        }
    }

    private bool Take(out byte[] leaving, out int length)
    {
        TaskCompletionSource? room;
        lock (_gate)
        {
            (leaving, length) = (_gathering, _gathered);
            _gathering = [];
            Volatile.Write(ref _gathered, 0);
            (room, _room) = (_room, null);
            if (length == 0)
            {
                _writing = false;
                _idleSince = Stopwatch.GetTimestamp();
                if (_completed)
                    _ended.TrySetResult();
            }
        }
        room?.TrySetResult();
        return length > 0;
    }

    private static void GiveBack(byte[] buffer)
    {
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
    }
}
