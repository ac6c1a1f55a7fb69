using System.Diagnostics;
using Google.Protobuf;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Transport;

public sealed class FrameWriterTests : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly ControlledStream _stream = new();
    private readonly FrameWriter _writer;

    public FrameWriterTests() => _writer = new FrameWriter(_stream, BufferBytes, TimeProvider.System);

    public void Dispose() => _stream.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_frame_after_a_pause_has_left_when_its_caller_goes_on()
    {
        var running = _writer.RunAsync(Cancel);
        for (var i = 1; i <= 3; i++)
        {
            var idle = Stopwatch.StartNew();
            SpinWait.SpinUntil(() => idle.Elapsed > TimeSpan.FromMilliseconds(2));
            await _writer.WriteAsync(Text("x"), Cancel);
            Assert.Equal(i, _stream.Writes.Count);
        }
        _writer.Complete();
        await Eventually.InTimeAsync(running);
    }

    [Fact]
    public async Task What_is_queued_during_a_write_leaves_in_one()
    {
        _stream.Hold();
        await _writer.WriteAsync(Text("first"), Cancel);
        var running = _writer.RunAsync(Cancel);
        for (var i = 0; i < 100; i++)
            await _writer.WriteAsync(Text($"{i}"), Cancel);
        _stream.Release();
        await Eventually.TrueAsync(() => _stream.Writes.Count == 2, "two writes");
        _writer.Complete();
        await Eventually.InTimeAsync(running);
        Assert.Equal(["first", .. Enumerable.Range(0, 100).Select(i => $"{i}")], await ReadAsync());
        Assert.Equal(2, _stream.Writes.Count);
    }

    [Fact]
    public async Task A_full_buffer_makes_senders_wait_until_it_has_left()
    {
        _stream.Hold();
        var running = _writer.RunAsync(Cancel);
        var text = new string('x', 10_000);
        var sent = 0;
        var sending = Task.Run(async () =>
        {
            for (; sent < 20; sent++)
                Assert.True(await _writer.WriteAsync(Text(text), Cancel) > 10_000);
        }, Cancel);
        await Eventually.TrueAsync(() => !_writer.HasRoom, "the buffer is full");
        Assert.InRange(sent, 3, 7);
        Assert.False(sending.IsCompleted);
        _stream.Release();
        await Eventually.InTimeAsync(sending);
        _writer.Complete();
        await Eventually.InTimeAsync(running);
        Assert.Equal(20, (await ReadAsync()).Count);
    }

    [Fact]
    public async Task Completed_it_writes_what_is_queued_and_takes_nothing_more()
    {
        _stream.Hold();
        var running = _writer.RunAsync(Cancel);
        await _writer.WriteAsync(Text("a"), Cancel);
        await _writer.WriteAsync(Text("b"), Cancel);
        _writer.Complete();
        Assert.Equal(0, await _writer.WriteAsync(Text("c"), Cancel));
        Assert.False(running.IsCompleted);
        _stream.Release();
        await Eventually.InTimeAsync(running);
        Assert.Equal(["a", "b"], await ReadAsync());
    }

    [Fact]
    public async Task An_error_of_the_stream_ends_it_and_frees_who_waits_for_room()
    {
        _stream.Hold();
        var running = _writer.RunAsync(Cancel);
        await _writer.WriteAsync(Text("first"), Cancel);
        await Eventually.TrueAsync(() => _stream.Writes.Count == 1, "a write is held up");
        while (_writer.HasRoom)
            await _writer.WriteAsync(Text(new string('x', 10_000)), Cancel);
        var waiting = _writer.WriteAsync(Text("x"), Cancel).AsTask();
        _stream.Fail(new IOException("gone"));
        await Assert.ThrowsAsync<IOException>(() => Eventually.InTimeAsync(running));
        Assert.Equal(0, await waiting.WaitAsync(Eventually.Deadline, Cancel));
    }

    [Fact]
    public async Task Cancelled_it_ends_though_nothing_is_written()
    {
        using var stop = new CancellationTokenSource();
        var running = _writer.RunAsync(stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Eventually.InTimeAsync(running));
        Assert.Equal(0, await _writer.WriteAsync(Text("x"), Cancel));
    }

    [Fact]
    public async Task Frames_of_many_threads_stay_whole_and_in_each_threads_order()
    {
        var running = _writer.RunAsync(Cancel);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(async () =>
        {
            for (var i = 0; i < 2_000; i++)
                await _writer.WriteAsync(Text($"{thread} {i}"), Cancel);
        }, Cancel)));
        _writer.Complete();
        await Eventually.InTimeAsync(running);
        var read = (await ReadAsync()).Select(text => text.Split(' ')).ToLookup(parts => parts[0], parts => int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(4, read.Count);
        Assert.All(read, thread => Assert.Equal(Enumerable.Range(0, 2_000), thread));
    }

    private static Frame Text(string text) => new() { Envelope = new Envelope { Payload = ByteString.CopyFromUtf8(text) } };

    private async Task<List<string>> ReadAsync()
    {
        var reader = new FrameReader(new MemoryStream([.. _stream.Writes.SelectMany(write => write)]), 1024 * 1024);
        var texts = new List<string>();
        while (await reader.ReadAsync(Cancel) is { } frame)
            texts.Add(frame.Envelope.Payload.ToStringUtf8());
        return texts;
    }

    /// <summary>Records what is written; a write completes when the test allows it.</summary>
    private sealed class ControlledStream : MemoryStream
    {
        private readonly Lock _gate = new();
        private TaskCompletionSource _released = Completed();

        public List<byte[]> Writes { get; } = [];

        public void Hold() => _released = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => _released.TrySetResult();

        public void Fail(Exception error) => _released.TrySetException(error);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            lock (_gate)
                Writes.Add(buffer.ToArray());
            await _released.Task.WaitAsync(cancellationToken);
        }

        private static TaskCompletionSource Completed()
        {
            var source = new TaskCompletionSource();
            source.SetResult();
            return source;
        }
    }
}
