using System.Net.Sockets;
using System.Threading.Channels;

namespace Meshara.Harness.Network;

/// <summary>A connection through a proxy, relayed in both directions under the conditions of its network.</summary>
/// <param name="network">Decides when bytes may pass.</param>
/// <param name="dialler">The socket to the node that dialled.</param>
/// <param name="target">The socket to the node that was dialled.</param>
/// <param name="destination">Index of the node that was dialled.</param>
internal sealed class ProxyLink(FaultyNetwork network, Socket dialler, Socket target, int destination)
{
    private const int SegmentBytes = 16 * 1024;

    // At most 4 MiB are in flight in one direction; then the sender waits, as with a full TCP window.
    private const int MaxSegments = 256;

    private static readonly TimeSpan TimerError = TimeSpan.FromMilliseconds(20);

    private int _isReset;
    private volatile object? _source;

    /// <summary>Index of the node that dialled; null if it cannot be identified, or was not yet.</summary>
    public int? Source
    {
        get => (int?)_source;
        set => _source = value;
    }

    /// <summary>The dialler's local port and the port it dialled. Must be set before <see cref="RunAsync"/>.</summary>
    public (int From, int To) Ports { get; set; }

    /// <summary>Index of the node that was dialled.</summary>
    public int Destination => destination;

    /// <summary>Relays until both ends have closed the connection or one breaks it.</summary>
    public async Task RunAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAll(CarryAsync(dialler, target, time, end), CarryAsync(target, dialler, time, end));
    }

    /// <summary>Breaks the connection: both ends see a reset.</summary>
    public void Reset()
    {
        if (Interlocked.Exchange(ref _isReset, 1) != 0)
            return;
        foreach (var socket in (Socket[])[dialler, target])
        {
            // Closing with a linger time of zero sends RST; after an orderly close it has no effect.
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
        }
    }

    private async Task CarryAsync(Socket from, Socket to, TimeProvider time, CancellationTokenSource end)
    {
        var way = Channel.CreateBounded<Segment>(new BoundedChannelOptions(MaxSegments) { SingleReader = true, SingleWriter = true });
        try
        {
            var reading = ReadAsync(from, way.Writer, time, end.Token);
            if (!await WriteAsync(way.Reader, to, time, end.Token))
                await BreakAsync(end);
            await reading;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            await BreakAsync(end);
        }
    }

    private async Task BreakAsync(CancellationTokenSource end)
    {
        Reset();
        await end.CancelAsync();
    }

    private async Task ReadAsync(Socket from, ChannelWriter<Segment> way, TimeProvider time, CancellationToken cancellationToken)
    {
        var kind = SegmentKind.End;
        var free = time.GetUtcNow(); // when the link has sent everything queued so far
        try
        {
            while (true)
            {
                var buffer = new byte[SegmentBytes];
                var length = await from.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
                if (length == 0)
                    break;
                var now = time.GetUtcNow();
                // Timers fire late; do not charge their error to the link.
                free = (free > now - TimerError ? free : now - TimerError) + network.Occupancy(Source, destination, length);
                await way.WriteAsync(new Segment(SegmentKind.Data, buffer.AsMemory(0, length), (free > now ? free : now) + network.TravelTime(Source, destination)), cancellationToken);
                if (free > now)
                    await Task.Delay(free - now, time, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            kind = SegmentKind.Break;
        }

        // The end of the stream is delayed like data: it must arrive after the bytes before it, and must not cross a split.
        await way.WriteAsync(new Segment(kind, default, time.GetUtcNow() + network.TravelTime(Source, destination)), cancellationToken);
        way.Complete();
    }

    // Returns false if the other end broke the connection.
    private async Task<bool> WriteAsync(ChannelReader<Segment> way, Socket to, TimeProvider time, CancellationToken cancellationToken)
    {
        await foreach (var segment in way.ReadAllAsync(cancellationToken))
        {
            if (segment.ArrivesAt - time.GetUtcNow() is var wait && wait > TimeSpan.Zero)
                await Task.Delay(wait, time, cancellationToken);
            await network.PassAsync(Source, destination, cancellationToken);
            switch (segment.Kind)
            {
                case SegmentKind.End:
                    to.Shutdown(SocketShutdown.Send);
                    return true;
                case SegmentKind.Break:
                    return false;
                default:
                    for (var rest = segment.Bytes; rest.Length > 0;)
                        rest = rest[await to.SendAsync(rest, SocketFlags.None, cancellationToken)..];
                    break;
            }
        }

        return true;
    }

    private enum SegmentKind
    {
        Data,
        End,
        Break,
    }

    private readonly record struct Segment(SegmentKind Kind, ReadOnlyMemory<byte> Bytes, DateTimeOffset ArrivesAt);
}
