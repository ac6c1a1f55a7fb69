using System.Collections.Concurrent;
using Meshara.Node.Gossip;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Gossip;

/// <summary>
/// A bare transport that sends heartbeats like a member: acts as a node that ends without a goodbye, or of another release.
/// </summary>
internal sealed class LoneMember : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _stop = new();
    private readonly TransportEnd _end;
    private readonly Heartbeat _heartbeat;
    private Task _beating = Task.CompletedTask;

    /// <param name="version">The highest protocol version it supports.</param>
    public LoneMember(uint version)
    {
        _end = new TransportEnd(new TransportOptions { Versions = new ProtocolVersions(1, version) });
        _heartbeat = new Heartbeat(_end.Identity, (ulong)DateTimeOffset.UtcNow.ToMicroseconds());
    }

    public NodeIdentity Identity => _end.Identity;

    /// <summary>The member lists it received.</summary>
    public IEnumerable<Members> Told => _end.Frames.Select(entry => entry.Frame.Members).OfType<Members>();

    public ConcurrentQueue<(NodeAddress From, Frame Frame)> Frames => _end.Frames;

    /// <summary>Connects to a node and repeatedly tells it that it is alive.</summary>
    public async Task<PeerConnection> JoinAsync(MeshPeer node)
    {
        var connection = await _end.JoinAsync(node);
        _beating = BeatAsync(connection);
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _beating;
        await _end.DisposeAsync();
        _stop.Dispose();
    }

    private async Task BeatAsync(PeerConnection connection)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (!_heartbeat.IsUsedUp)
            {
                connection.TrySend(new Frame { Members = new Members { Members_ = { _heartbeat.Next() } } });
                await timer.WaitForNextTickAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }
}
