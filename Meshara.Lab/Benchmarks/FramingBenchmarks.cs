using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;

namespace Meshara.Lab.Benchmarks;

/// <summary>Writing and reading frames, without a socket in between.</summary>
public class FramingBenchmarks
{
    private const int Frames = 1000;

    private readonly Frame _frame = new()
    {
        Envelope = new Envelope
        {
            Id = ByteString.CopyFrom(new byte[16]), Sender = ByteString.CopyFrom(new byte[32]), Recipient = ByteString.CopyFrom(new byte[32]),
            Payload = ByteString.CopyFrom(new byte[320]), Signature = ByteString.CopyFrom(new byte[64]),
        },
    };

    private readonly byte[] _written;

    public FramingBenchmarks() => _written = WriteAsync().GetAwaiter().GetResult().ToArray();

    /// <summary>A thousand frames, batched as on a busy connection.</summary>
    [Benchmark(OperationsPerInvoke = Frames)]
    public async Task<long> Write() => (await WriteAsync()).Length;

    [Benchmark(OperationsPerInvoke = Frames)]
    public async Task<int> Read()
    {
        var reader = new FrameReader(new MemoryStream(_written), 1024 * 1024);
        var count = 0;
        while (await reader.ReadAsync(CancellationToken.None) is not null)
            count++;
        await reader.CompleteAsync();
        return count == Frames ? count : throw new InvalidOperationException($"{count} of {Frames} frames were read.");
    }

    private async Task<MemoryStream> WriteAsync()
    {
        var stream = new MemoryStream(Frames * 512);
        var writer = new FrameWriter(stream, 4 * 1024 * 1024, TimeProvider.System);
        var writing = writer.RunAsync(CancellationToken.None);
        for (var i = 0; i < Frames; i++)
            await writer.WriteAsync(_frame, CancellationToken.None);
        writer.Complete();
        await writing;
        return stream;
    }
}
