using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Tests.Mesh;

/// <summary>A peer as a hostile or broken program would implement it, with control over every byte.</summary>
internal sealed class RawPeer : IAsyncDisposable
{
    private readonly TcpClient _client = new();
    private SslStream? _tls;

    private RawPeer()
    {
    }

    public Stream Stream => (Stream?)_tls ?? _client.GetStream();

    public static async Task<RawPeer> ConnectAsync(IPEndPoint endpoint)
    {
        var peer = new RawPeer();
        await peer._client.ConnectAsync(endpoint, TestContext.Current.CancellationToken);
        return peer;
    }

    /// <summary>Connects like a node's process: all its connections use one certificate, and later ones have higher dial numbers.</summary>
    public static async Task<RawPeer> JoinAsync(IPEndPoint endpoint, NodeIdentity identity, X509Certificate2 certificate, ulong dialNumber)
    {
        var peer = await ConnectAsync(endpoint);
        await peer.SecureAsync(certificate);
        await peer.SendAsync(new Frame { Hello = new Hello { Record = Peers.Record(identity).Wire, DialNumber = dialNumber } });
        return peer;
    }

    /// <summary>Sets up TLS as the caller wants it, without validating the server's certificate.</summary>
    public async Task<RawPeer> SecureAsync(X509Certificate2? certificate, string protocol = "meshara/1", SslProtocols versions = SslProtocols.Tls13)
    {
        var tls = new SslStream(_client.GetStream(), leaveInnerStreamOpen: true);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "meshara",
            EnabledSslProtocols = versions,
            ApplicationProtocols = [new SslApplicationProtocol(protocol)],
            ClientCertificates = certificate is null ? null : [certificate],
            LocalCertificateSelectionCallback = certificate is null ? null : (_, _, _, _, _) => certificate,
            RemoteCertificateValidationCallback = (_, offered, _, _) => offered is not null,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        }, TestContext.Current.CancellationToken);
        _tls = tls;
        return this;
    }

    public async Task SendAsync(Frame frame)
    {
        var body = frame.ToByteArray();
        var bytes = new byte[4 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, body.Length);
        body.CopyTo(bytes, 4);
        await Stream.WriteAsync(bytes, TestContext.Current.CancellationToken);
    }

    public ValueTask SendAsync(byte[] bytes) => Stream.WriteAsync(bytes, TestContext.Current.CancellationToken);

    /// <summary>Completes when the other end has closed or reset the connection, whatever it sent before.</summary>
    public async Task ClosedAsync()
    {
        var buffer = new byte[4096];
        try
        {
            while (await Stream.ReadAsync(buffer, TestContext.Current.CancellationToken).AsTask().WaitAsync(Eventually.Deadline) > 0)
            {
                // Its greeting, or a TLS alert.
            }
        }
        catch (IOException)
        {
            // A reset counts as closed, too.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_tls is not null)
            await _tls.DisposeAsync();
        _client.Dispose();
    }
}
