using System.Buffers;
using System.Buffers.Binary;
using Google.Protobuf;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Node.Transport;

internal sealed partial class FrameWriter
{
    /// <summary>Serialized frames in sequence, in a rented buffer.</summary>
    private struct Gathered
    {
        private byte[]? _bytes;

        public int Length;

        public readonly byte[] Bytes => _bytes ?? [];

        public void Add(Frame frame, int size)
        {
            var end = Length + LengthSize + size;
            if (end > Bytes.Length)
                Grow(end);
            BinaryPrimitives.WriteInt32BigEndian(Bytes.AsSpan(Length), size);
            frame.WriteTo(Bytes.AsSpan(Length + LengthSize, size));
            Volatile.Write(ref Length, end);
        }

        /// <summary>Takes all contents, leaving this empty; the caller gives the buffer back after use.</summary>
        public Gathered Take()
        {
            var taken = this;
            _bytes = null;
            Volatile.Write(ref Length, 0);
            return taken;
        }

        /// <summary>The end of the frames from an offset that total about the given number of bytes; at least one frame.</summary>
        public readonly int EndOfFrames(int start, int about)
        {
            var end = start;
            do
                end += LengthSize + BinaryPrimitives.ReadInt32BigEndian(Bytes.AsSpan(end));
            while (end < Length && end - start < about);
            return end;
        }

        public readonly void GiveBack()
        {
            if (_bytes is not null)
                ArrayPool<byte>.Shared.Return(_bytes);
        }

        private void Grow(int size)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(size, 2 * Length));
            Bytes.AsSpan(0, Length).CopyTo(larger);
            GiveBack();
            _bytes = larger;
        }
    }
}
