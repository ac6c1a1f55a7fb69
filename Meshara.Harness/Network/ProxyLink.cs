using System.Net.Sockets;
using System.Threading.Channels;

namespace Meshara.Harness.Network;

/// <summary>One connection through a proxy, carried in both directions under the conditions of its network.</summary>
/// <param name="network">Says when bytes may pass.</param>
/// <param name="dialler">The end that dialled.</param>
/// <param name="target">The end that listened.</param>
/// <param name="destination">The node that listened.</param>
internal sealed class ProxyLink(FaultyNetwork network, Socket dialler, Socket target, int destination)
{
    private const int SegmentBytes = 16 * 1024;

    // What is under way in one direction at the most, 4 MiB: the sender then waits, as with a full TCP window.
    private const int MaxSegments = 256;

    private int _isReset;

    /// <summary>The node that dialled; null when that cannot be told. Set before anything is carried.</summary>
    public int? Source { get; set; }

    /// <summary>The node that listened.</summary>
    public int Destination => destination;

    /// <summary>Carries until both ends have closed or one breaks.</summary>
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
            // Closing with a linger time of zero sends RST; after an orderly end there is nobody left to see it.
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
        try
        {
            while (true)
            {
                var buffer = new byte[SegmentBytes];
                var length = await from.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
                if (length == 0)
                    break;
                var arrival = time.GetUtcNow() + network.TravelTime(Source, destination);
                await way.WriteAsync(new Segment(SegmentKind.Data, buffer.AsMemory(0, length), arrival), cancellationToken);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            kind = SegmentKind.Break;
        }

        // Ends travel like everything else: behind the bytes before them, and not across a split.
        await way.WriteAsync(new Segment(kind, default, time.GetUtcNow() + network.TravelTime(Source, destination)), cancellationToken);
        way.Complete();
    }

    // False when the other end broke the connection.
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
