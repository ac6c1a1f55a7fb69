using System.Net;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Mesh;

/// <summary>A peer that introduces itself, gives signs of life when it is told to, and never reads.</summary>
internal sealed class SlowPeer : IAsyncDisposable
{
    private readonly NodeIdentity _identity = NodeIdentity.Generate();
    private RawPeer? _connection;

    private SlowPeer()
    {
    }

    public NodeAddress Address => _identity.Address;

    /// <summary>Connects, and waits until the other end knows it.</summary>
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

    /// <summary>A sign of life; the connection may be over already.</summary>
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

    /// <summary>Sends to it from the other end until that is over.</summary>
    public async Task FillAsync(Swarm swarm)
    {
        Assert.True(swarm.TryGet(Address, out var connection));
        while (await connection.SendAsync(TransportEnd.Numbered(0, padding: 1024 * 1024), TestContext.Current.CancellationToken) > 0)
        {
            // The system's buffers take some of it.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        _identity.Dispose();
    }
}
