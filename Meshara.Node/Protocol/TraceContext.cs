using System.Diagnostics;
using Google.Protobuf;

namespace Meshara.Node.Protocol;

/// <summary>
/// W3C Trace Context (trace id, parent span id, flags) in 25 bytes. Peers are not trusted: anything that is not exactly of this
/// shape is ignored.
/// </summary>
internal static class TraceContext
{
    public const int Size = 16 + 8 + 1;

    public static ByteString Write(ActivityContext context)
    {
        if (context == default)
            return ByteString.Empty;
        var bytes = new byte[Size];
        context.TraceId.CopyTo(bytes.AsSpan(0, 16));
        context.SpanId.CopyTo(bytes.AsSpan(16, 8));
        bytes[24] = (byte)(context.TraceFlags & ActivityTraceFlags.Recorded);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    /// <summary>The remote context, or <c>default</c> if it is missing or invalid.</summary>
    public static ActivityContext Read(ByteString bytes)
    {
        var span = bytes.Span;
        if (span.Length != Size || span[..16].IndexOfAnyExcept((byte)0) < 0 || span[16..24].IndexOfAnyExcept((byte)0) < 0)
            return default;
        return new ActivityContext(
            ActivityTraceId.CreateFromBytes(span[..16]),
            ActivitySpanId.CreateFromBytes(span[16..24]),
            (ActivityTraceFlags)span[24] & ActivityTraceFlags.Recorded,
            isRemote: true);
    }
}
