using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Mesh;

/// <summary>A peer that completes the handshake, sends heartbeats on demand, and never reads.</summary>
internal sealed class SlowPeer : IAsyncDisposable
{
    private readonly NodeIdentity _identity = NodeIdentity.Generate();
    private RawPeer? _connection;

    private SlowPeer()
    {
    }

    public NodeAddress Address => _identity.Address;

    /// <summary>Connects, and waits until the other end has registered it.</summary>
    public static async Task<SlowPeer> JoinAsync(IPEndPoint endpoint, Swarm swarm)
    {
        var peer = new SlowPeer();
        peer._connection = await RawPeer.ConnectAsync(endpoint);
        await peer._connection.SecureAsync(PeerCertificate.Create(peer._identity, DateTimeOffset.UtcNow));
        var record = PeerRecord.Create(peer._identity, "slow", [], 1, DateTimeOffset.UtcNow.AddHours(1));
        await peer._connection.SendAsync(new Frame { Hello = new Hello { Record = record.Wire, DialNumber = 1 } });
        await Eventually.TrueAsync(() => swarm.TryGet(peer.Address, out _), "the slow peer is connected");
        return peer;
    }

    /// <summary>Sends a heartbeat; the connection may already be closed.</summary>
    public async Task LiveAsync()
    {
        try
        {
            await _connection!.SendAsync(new Frame { Pong = new Pong() });
        }
        catch (IOException)
        {
            // Disconnected.
        }
    }

    /// <summary>Sends to it from the other end until the connection ends.</summary>
    public async Task FillAsync(Swarm swarm)
    {
        Assert.True(swarm.TryGet(Address, out var connection));
        while (await connection.SendAsync(TransportEnd.Numbered(0, padding: 1024 * 1024), TestContext.Current.CancellationToken) > 0)
        {
            // The system's buffers take some of the data.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        _identity.Dispose();
    }
}
