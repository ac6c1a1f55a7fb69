using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Transport;

/// <summary>The receiving half of a connection: a 4-byte big-endian length, then one protobuf <see cref="Frame"/>.</summary>
internal sealed class FrameReader(Stream stream, int maxFrameBytes)
{
    private readonly PipeReader _reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024, minimumReadSize: 4 * 1024, leaveOpen: true, useZeroByteReads: true));

    private long _consumed;
    private long _arrived;

    /// <summary>Bytes read from the stream so far; grows even while a long frame is arriving.</summary>
    public long Arrived => Volatile.Read(ref _arrived);

    /// <summary>True if more than the last frame has been read from the stream.</summary>
    public bool HasMore { get; private set; }

    /// <summary>The next frame, or null at the end of the stream.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Protocol"/> if it is too long or malformed.</exception>
    /// <exception cref="EndOfStreamException">The stream ended inside a frame.</exception>
    public ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken) => ReadAsync(maxFrameBytes, cancellationToken);

    /// <summary>The next frame of at most <paramref name="limit"/> bytes, or null at the end of the stream.</summary>
    public async ValueTask<Frame?> ReadAsync(int limit, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Frames that arrived together are parsed without reading the stream again.
            var ready = _reader.TryRead(out var result) ? result : await _reader.ReadAsync(cancellationToken);
            var buffer = ready.Buffer;
            var length = buffer.Length;
            Volatile.Write(ref _arrived, _consumed + length);
            if (TryParse(buffer, limit, out var frame, out var consumed))
            {
                var more = buffer.Slice(consumed).Length;
                _consumed += length - more;
                HasMore = more > 0;
                _reader.AdvanceTo(consumed);
                return frame;
            }
            if (ready.IsCompleted)
            {
                _reader.AdvanceTo(buffer.End);
                return buffer.IsEmpty ? null : throw new EndOfStreamException("The stream ended inside a frame."); // the peer crashed
            }
            _reader.AdvanceTo(buffer.Start, buffer.End);
            if (ready.IsCanceled)
                throw new OperationCanceledException();
        }
    }

    public ValueTask CompleteAsync() => _reader.CompleteAsync();

    private static bool TryParse(ReadOnlySequence<byte> buffer, int limit, out Frame? frame, out SequencePosition consumed)
    {
        frame = null;
        consumed = buffer.Start;
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadBigEndian(out int length))
            return false;
        if (length < 0 || length > limit)
            throw new MesharaException(ErrorCodes.Protocol, $"A frame of {(uint)length} bytes is over the limit of {limit}.");
        if (reader.Remaining < length)
            return false;
        var body = buffer.Slice(reader.Position, length);
        try
        {
            frame = Frame.Parser.ParseFrom(body);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new MesharaException(ErrorCodes.Protocol, "A frame is not valid protobuf.", e);
        }
        consumed = body.End;
        return true;
    }
}
