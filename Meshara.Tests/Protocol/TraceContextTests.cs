using System.Diagnostics;
using System.Security.Cryptography;
using CsCheck;
using Google.Protobuf;
using Meshara.Node.Protocol;

namespace Meshara.Tests.Protocol;

public sealed class TraceContextTests
{
    [Theory]
    [InlineData(ActivityTraceFlags.Recorded)]
    [InlineData(ActivityTraceFlags.None)]
    public void A_context_survives_its_bytes_and_becomes_remote(ActivityTraceFlags flags)
    {
        var context = new ActivityContext(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), flags);
        var bytes = TraceContext.Write(context);
        Assert.Equal(TraceContext.Size, bytes.Length);
        var read = TraceContext.Read(bytes);
        Assert.Equal((context.TraceId, context.SpanId, flags, true), (read.TraceId, read.SpanId, read.TraceFlags, read.IsRemote));
    }

    [Fact]
    public void No_context_is_no_bytes()
    {
        Assert.True(TraceContext.Write(default).IsEmpty);
        Assert.Equal(default, TraceContext.Read(ByteString.Empty));
    }

    [Fact]
    public void Only_the_exact_length_is_a_context() => Gen.Byte.Array[0, 60].Sample(bytes =>
        TraceContext.Read(ByteString.CopyFrom(bytes)) == default || bytes.Length == TraceContext.Size);

    [Fact]
    public void Zero_ids_are_no_context()
    {
        var bytes = RandomNumberGenerator.GetBytes(TraceContext.Size);
        bytes.AsSpan(0, 16).Clear();
        Assert.Equal(default, TraceContext.Read(ByteString.CopyFrom(bytes)));
        RandomNumberGenerator.Fill(bytes);
        bytes.AsSpan(16, 8).Clear();
        Assert.Equal(default, TraceContext.Read(ByteString.CopyFrom(bytes)));
    }

    [Fact]
    public void Flags_that_nobody_knows_are_dropped()
    {
        var bytes = Enumerable.Repeat((byte)0xFF, TraceContext.Size).ToArray();
        Assert.Equal(ActivityTraceFlags.Recorded, TraceContext.Read(ByteString.CopyFrom(bytes)).TraceFlags);
    }
}
