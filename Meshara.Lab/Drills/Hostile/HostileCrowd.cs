using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Telemetry;
using Meshara.Node.Transport;
using Microsoft.Extensions.DependencyInjection;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Lab.Drills.Hostile;

/// <summary>
/// A group of hostile peers. They share an IP address that no node has, because nodes trust their own machine more than others. The crowd
/// also has a silent listener, which accepts connections and never sends; unreachable peers advertise its address.
/// </summary>
internal sealed class HostileCrowd : IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly TcpListener _silent;
    private readonly TimeProvider _time;
    private readonly List<HostilePeer> _peers = [];

    public HostileCrowd(TimeProvider time)
    {
        _time = time;
        Telemetry = new MeshTelemetry(_services.GetRequiredService<IMeterFactory>());
        // All of 127.0.0.0/8 is loopback, except on macOS, where the crowd appears to be on the nodes' own machine.
        From = OperatingSystem.IsMacOS() ? IPAddress.Loopback : IPAddress.Parse("127.66.0.1");
        _silent = new TcpListener(From, 0);
        _silent.Start(512);
    }

    /// <summary>The IP address its connections come from.</summary>
    public IPAddress From { get; }

    /// <summary>Metrics of its peers' transport; not used.</summary>
    public MeshTelemetry Telemetry { get; }

    /// <summary>The endpoint of the silent listener.</summary>
    public PeerEndpoint Silent => PeerEndpoint.Tcp(From.ToString(), ((IPEndPoint)_silent.LocalEndpoint).Port);

    /// <summary>Adds a peer with its own keys; the crowd disposes it.</summary>
    public HostilePeer Add()
    {
        var peer = new HostilePeer(this, _time);
        lock (_peers)
            _peers.Add(peer);
        return peer;
    }

    /// <summary>Disposes a peer early.</summary>
    public async Task RemoveAsync(HostilePeer peer)
    {
        lock (_peers)
            _peers.Remove(peer);
        await peer.DisposeAsync();
    }

    /// <summary>A record that gives the silent listener as the endpoint of an identity.</summary>
    public PeerRecord Nobody(NodeIdentity identity) =>
        PeerRecord.Create(identity, "nobody", [Silent], (ulong)_time.GetUtcNow().ToMicroseconds(), _time.GetUtcNow().AddHours(1));

    /// <summary>Disposes all peers.</summary>
    public async Task DisperseAsync()
    {
        List<HostilePeer> peers;
        lock (_peers)
        {
            peers = [.. _peers];
            _peers.Clear();
        }
        await Task.WhenAll(peers.Select(peer => peer.DisposeAsync().AsTask()));
    }

    public async ValueTask DisposeAsync()
    {
        await DisperseAsync();
        _silent.Dispose();
        Telemetry.Dispose();
        await _services.DisposeAsync();
    }
}
