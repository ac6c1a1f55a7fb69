using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Channels;
using Meshara.Harness.Network;
using Meshara.Harness.Processes;

namespace Meshara.Lab.Drills.Wan;

/// <summary>
/// Emulates netem where the kernel lacks it. Carries packets between two devices of a namespace: in one direction with the delay, loss
/// and bandwidth of the link, in the other unchanged.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class Wire : IAsyncDisposable
{
    // linux/if_packet.h
    private const int PacketLevel = 263;
    private const int HeaderOption = 15;
    private const int IgnoreOutgoingOption = 23;

    // Large enough for a segment that the device was meant to split into packets, with the virtio header that says so.
    private const int MaxPacketBytes = 128 * 1024;

    private readonly Socket _near;
    private readonly Socket _far;
    private readonly AccessLink _link;
    private readonly TimeProvider _time;
    private readonly Channel<(long Due, byte[] Packet)> _underWay = Channel.CreateBounded<(long, byte[])>(AccessLink.MaxPackets);
    private readonly CancellationTokenSource _end = new();
    private readonly Task[] _loops;

    private Wire(Socket near, Socket far, AccessLink link, TimeProvider time)
    {
        (_near, _far, _link, _time) = (near, far, link, time);
        _loops = [TakeAsync(), GiveAsync(), ReturnAsync()];
    }

    /// <summary>Why it no longer carries packets; null while it does.</summary>
    public Exception? Failure => _loops.FirstOrDefault(loop => loop.IsFaulted)?.Exception?.InnerException;

    /// <summary>Connects two devices.</summary>
    /// <param name="network">Their namespace.</param>
    /// <param name="near">The device at the node's side.</param>
    /// <param name="far">The device at the bridge's side.</param>
    /// <param name="link">The conditions of packets from near to far.</param>
    /// <param name="time">The clock.</param>
    public static async Task<Wire> ConnectAsync(NetworkNamespace network, string near, string far, AccessLink link, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(network);
        var socket = await network.RunAsync(() => Open(near));
        try
        {
            return new Wire(socket, await network.RunAsync(() => Open(far)), link, time);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(_loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _near.Dispose();
        _far.Dispose();
        _end.Dispose();
    }

    private static Socket Open(string device)
    {
        // Receives nothing until it is bound.
        var socket = new Socket(AddressFamily.Packet, SocketType.Raw, 0);
        try
        {
            socket.SetRawSocketOption(PacketLevel, IgnoreOutgoingOption, BitConverter.GetBytes(1));
            // Checksums and segmentation are offloaded to the device. This header passes the remaining work along with the packet.
            socket.SetRawSocketOption(PacketLevel, HeaderOption, BitConverter.GetBytes(1));
            socket.Bind(new LinkEndPoint(Unix.InterfaceIndex(device)));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task TakeAsync()
    {
        var buffer = new byte[MaxPacketBytes];
        var free = _time.GetTimestamp();
        while (true)
        {
            var length = await _near.ReceiveAsync(buffer, _end.Token);
            if (Random.Shared.NextDouble() < AccessLink.Loss)
                continue;
            free = Math.Max(free, _time.GetTimestamp()) + Ticks(8.0 * length / AccessLink.BitsPerSecond);
            // A packet for which there is no room is lost, too.
            _underWay.Writer.TryWrite((free + Ticks(_link.Delay.TotalSeconds), buffer[..length]));
        }
    }

    private async Task GiveAsync()
    {
        await foreach (var (due, packet) in _underWay.Reader.ReadAllAsync(_end.Token))
        {
            if (_time.GetElapsedTime(_time.GetTimestamp(), due) is { Ticks: > 0 } early)
                await Task.Delay(early, _time, _end.Token);
            await _far.SendAsync(packet, _end.Token);
        }
    }

    private async Task ReturnAsync()
    {
        var buffer = new byte[MaxPacketBytes];
        while (true)
            await _near.SendAsync(buffer.AsMemory(0, await _far.ReceiveAsync(buffer, _end.Token)), _end.Token);
    }

    private long Ticks(double seconds) => (long)(seconds * _time.TimestampFrequency);
}
