using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Transport;

/// <summary>
/// The sending half of a connection. Callers serialize straight into a pipe; one loop writes to the stream whatever
/// has gathered, so that a busy connection sends many frames in one TLS record.
/// </summary>
internal sealed class FrameWriter
{
    private const int LengthSize = 4;

    private readonly Lock _gate = new();
    private readonly Pipe _pipe;
    private readonly Stream _stream;
    private Task _room = Task.CompletedTask;
    private bool _completed;

    public FrameWriter(Stream stream, int bufferBytes)
    {
        _stream = stream;
        _pipe = new Pipe(new PipeOptions(
            pauseWriterThreshold: bufferBytes,
            resumeWriterThreshold: bufferBytes / 2,
            minimumSegmentSize: 16 * 1024,
            useSynchronizationContext: false));
    }

    /// <summary>False while the send buffer is full.</summary>
    public bool HasRoom => Volatile.Read(ref _room).IsCompleted;

    /// <summary>
    /// Queues a frame; waits only while the send buffer is full. Completion does not mean that it has left: a lost
    /// connection loses what was queued, and whoever needs certainty waits for an answer.
    /// </summary>
    /// <returns>Bytes queued, 0 when the connection is closed.</returns>
    public async ValueTask<int> WriteAsync(Frame frame, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (_completed)
                    return 0;
                room = _room;
                if (room.IsCompleted)
                    return Append(frame);
            }
            await room.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Writes one frame without the loop, which must not run yet.</summary>
    public static async Task WriteDirectAsync(Stream stream, Frame frame, CancellationToken cancellationToken)
    {
        var size = frame.CalculateSize();
        var bytes = new byte[LengthSize + size];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        frame.WriteTo(bytes.AsSpan(LengthSize));
        await stream.WriteAsync(bytes, cancellationToken);
    }

    /// <summary>Lets the loop finish what is queued and end.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            if (_completed)
                return;
            _completed = true;
            _pipe.Writer.Complete();
        }
    }

    /// <summary>Writes to the stream until <see cref="Complete"/>, an I/O error, or cancellation.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var result = await _pipe.Reader.ReadAsync(cancellationToken);
                foreach (var segment in result.Buffer)
                    await _stream.WriteAsync(segment, cancellationToken);
                _pipe.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    return;
            }
        }
        finally
        {
            // Frees whoever waits for room; they find the connection closed.
            Complete();
            await _pipe.Reader.CompleteAsync();
        }
    }

    private int Append(Frame frame)
    {
        var size = frame.CalculateSize();
        var writer = _pipe.Writer;
        BinaryPrimitives.WriteInt32BigEndian(writer.GetSpan(LengthSize), size);
        writer.Advance(LengthSize);
        frame.WriteTo(writer);
        var flushed = writer.FlushAsync();
        if (!flushed.IsCompletedSuccessfully)
            _room = flushed.AsTask();
        return size + LengthSize;
    }
}
