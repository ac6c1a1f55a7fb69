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
/// Peers that mean no good. They share an IP address that no node has, since a node trusts its own machine more than others, and a socket
/// that takes connections and never says a word, where those of them are said to be that nobody can reach.
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
        // All of 127.0.0.0/8 is the loopback interface, but on macOS, where the crowd looks as if it were on the nodes' own machine.
        From = OperatingSystem.IsMacOS() ? IPAddress.Loopback : IPAddress.Parse("127.66.0.1");
        _silent = new TcpListener(From, 0);
        _silent.Start(512);
    }

    /// <summary>Where its connections come from.</summary>
    public IPAddress From { get; }

    /// <summary>What the transport of its peers counts; nobody looks at it.</summary>
    public MeshTelemetry Telemetry { get; }

    /// <summary>Where somebody listens who never says a word.</summary>
    public PeerEndpoint Silent => PeerEndpoint.Tcp(From.ToString(), ((IPEndPoint)_silent.LocalEndpoint).Port);

    /// <summary>One more of them, with keys of its own; ends with the crowd.</summary>
    public HostilePeer Add()
    {
        var peer = new HostilePeer(this, _time);
        lock (_peers)
            _peers.Add(peer);
        return peer;
    }

    /// <summary>Lets one go before the others.</summary>
    public async Task RemoveAsync(HostilePeer peer)
    {
        lock (_peers)
            _peers.Remove(peer);
        await peer.DisposeAsync();
    }

    /// <summary>The record of somebody who says to be where nobody answers.</summary>
    public PeerRecord Nobody(NodeIdentity identity) =>
        PeerRecord.Create(identity, "nobody", [Silent], (ulong)_time.GetUtcNow().ToMicroseconds(), _time.GetUtcNow().AddHours(1));

    /// <summary>Lets all of them go.</summary>
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
