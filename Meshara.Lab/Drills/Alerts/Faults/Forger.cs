using System.Net;
using System.Security.Cryptography;
using Google.Protobuf;
using Meshara.Lab.Load;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Envelope = Meshara.Node.Protocol.Envelope;
using MessageType = Meshara.Node.Protocol.MessageType;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>A peer with its own identity that sends messages whose signatures do not verify.</summary>
internal sealed class Forger : IAsyncDisposable
{
    private readonly PassingPeer _peer = new();
    private readonly NodeIdentity _self = NodeIdentity.Generate();
    private PeerConnection? _connection;

    /// <summary>Connects to the node.</summary>
    public async Task ConnectAsync(int port, CancellationToken stop) => _connection = await _peer.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), stop);

    /// <summary>Sends one forged message.</summary>
    public async Task SendAsync(string recipient, CancellationToken stop)
    {
        var now = DateTimeOffset.UtcNow;
        var wire = Envelope.Create(_self, MessageType.Private, MessageId.Create(now), NodeAddress.Parse(recipient), now, now.AddMinutes(1),
            _ => ByteString.CopyFrom(RandomNumberGenerator.GetBytes(64)), parent: null).Wire.Clone();
        wire.Signature = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(wire.Signature.Length));
        await _connection!.SendAsync(new Frame { Envelope = wire }, stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _peer.DisposeAsync();
        _self.Dispose();
    }
}
