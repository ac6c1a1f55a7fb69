using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Transport;

/// <summary>Each of these peers is refused and counted, and disturbs no one else.</summary>
public sealed class HostilePeerTests : IAsyncDisposable
{
    private const string ExtensionOid = "2.25.211867394561205771498306226127348410437";

    private readonly TransportEnd _node = new(new TransportOptions { HandshakeTimeout = TimeSpan.FromSeconds(2) });
    private readonly TransportEnd _friend = new();
    private readonly NodeIdentity _hostile = NodeIdentity.Generate();

    [Fact]
    public Task Plain_text_is_refused() => RefusedAsync(peer => peer.SendAsync("GET / HTTP/1.1\r\nHost: here\r\n\r\n"u8.ToArray()).AsTask(), "protocol");

    [Fact]
    public Task Random_bytes_are_refused() => RefusedAsync(peer => peer.SendAsync(RandomNumberGenerator.GetBytes(4096)).AsTask(), "protocol");

    [Fact]
    public Task A_peer_that_says_nothing_is_refused_after_the_timeout() => RefusedAsync(_ => Task.CompletedTask, "timeout");

    [Fact]
    public Task A_peer_that_hangs_up_is_refused() => RefusedAsync(peer => peer.DisposeAsync().AsTask(), "protocol", closes: false);

    [Fact]
    public Task Tls_without_a_certificate_is_refused() => RefusedAsync(peer => peer.SecureAsync(null), "protocol");

    [Fact]
    public Task Another_application_protocol_is_refused() => RefusedAsync(peer => peer.SecureAsync(Certificate(), "h2"), "protocol");

    [Fact]
    public Task An_older_tls_is_refused() => RefusedAsync(peer => peer.SecureAsync(Certificate(), versions: SslProtocols.Tls12), "protocol");

    [Fact]
    public Task A_certificate_without_an_identity_is_refused() => RefusedAsync(async peer =>
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await peer.SecureAsync(new CertificateRequest("CN=meshara", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1)));
        await peer.SendAsync(Hello(_hostile));
    }, "protocol");

    [Theory]
    [InlineData("signed by somebody else")]
    [InlineData("signed for another key")]
    [InlineData("no signature")]
    [InlineData("short key")]
    [InlineData("not DER")]
    [InlineData("trailing bytes")]
    public Task A_forged_identity_is_refused(string how) => RefusedAsync(async peer =>
    {
        await peer.SecureAsync(Forged(how));
        await peer.SendAsync(Hello(_friend.Identity));
    }, "protocol");

    [Fact]
    public Task Somebody_elses_record_is_refused() => RefusedAsync(async peer =>
    {
        await peer.SecureAsync(Certificate());
        await peer.SendAsync(Hello(_friend.Identity));
    }, "protocol");

    [Fact]
    public Task A_first_frame_that_is_no_greeting_is_refused() => RefusedAsync(async peer =>
    {
        await peer.SecureAsync(Certificate());
        await peer.SendAsync(new Frame { Ping = new Ping() });
    }, "protocol");

    [Fact]
    public Task A_first_frame_that_is_too_large_is_refused() => RefusedAsync(async peer =>
    {
        await peer.SecureAsync(Certificate());
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, 1024 * 1024);
        await peer.SendAsync(length);
    }, "protocol");

    [Fact]
    public Task A_peer_that_does_not_introduce_itself_is_refused_after_the_timeout() => RefusedAsync(peer => peer.SecureAsync(Certificate()), "timeout");

    [Fact]
    public async Task Garbage_after_a_good_greeting_ends_that_connection_only()
    {
        await using var peer = await RawPeer.ConnectAsync(_node.Endpoint);
        await peer.SecureAsync(Certificate());
        await peer.SendAsync(Hello(_hostile));
        await Eventually.TrueAsync(() => _node.Swarm.TryGet(_hostile.Address, out _), "the peer is connected");
        await peer.SendAsync([0, 0, 0, 3, 0xFF, 0xFF, 0xFF]);
        await peer.ClosedAsync();
        await Eventually.TrueAsync(() => _node.Metrics.Sum("meshara.connections.closed", "protocol") == 1, "it was closed for its garbage");
        await Eventually.EqualAsync(1, () => _node.Metrics.Sum("meshara.errors", "protocol"));
        await Eventually.EqualAsync(1, () => _node.Metrics.Sum("meshara.connection.errors", "protocol"));
        await FriendsTalkAsync();
    }

    [Fact]
    public async Task Many_silent_peers_do_not_keep_a_good_one_out()
    {
        var silent = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => RawPeer.ConnectAsync(_node.Endpoint)));
        await FriendsTalkAsync();
        await Eventually.TrueAsync(() => _node.Metrics.Sum("meshara.connection.errors", "handshake") == 100, "all of them were refused");
        await Task.WhenAll(silent.Select(peer => peer.DisposeAsync().AsTask()));
    }

    public async ValueTask DisposeAsync()
    {
        await _friend.DisposeAsync();
        await _node.DisposeAsync();
        _hostile.Dispose();
    }

    private async Task RefusedAsync(Func<RawPeer, Task> act, string errorType, bool closes = true)
    {
        await using var peer = await RawPeer.ConnectAsync(_node.Endpoint);
        try
        {
            await act(peer);
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            // The refusal arrived while the peer was still sending.
        }
        if (closes)
            await peer.ClosedAsync();
        await Eventually.TrueAsync(() => _node.Metrics.Sum("meshara.connection.errors", "handshake") == 1, "the refusal is counted");
        await Eventually.TrueAsync(() => _node.Metrics.Sum("meshara.errors", errorType) == 1, "the error is counted");
        Assert.Equal(0, _node.Connects);
        Assert.Empty(_node.Frames);
        await FriendsTalkAsync();
    }

    private async Task FriendsTalkAsync()
    {
        var connection = await _friend.ConnectAsync(_node);
        await connection.SendAsync(TransportEnd.Numbered(42), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => _node.NumbersFrom(_friend).Contains(42), "a good peer is served");
    }

    private X509Certificate2 Certificate() => PeerCertificate.Create(_hostile, DateTimeOffset.UtcNow);

    private X509Certificate2 Forged(string how)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=meshara", key, HashAlgorithmName.SHA256);
        var signedKey = how == "signed for another key" ? new PublicKey(otherKey) : request.PublicKey;
        var signature = new byte[64];
        var signer = how == "signed by somebody else" ? _hostile : _friend.Identity;
        signer.Sign([.. "meshara/1 tls key\0"u8, .. signedKey.ExportSubjectPublicKeyInfo()], signature);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteOctetString(how == "short key" ? new byte[31] : _friend.Identity.Address.ToBytes());
            writer.WriteOctetString(how == "no signature" ? [] : signature);
        }
        var value = how switch
        {
            "not DER" => [0x30, 0x80, 1, 2, 3],
            "trailing bytes" => [.. writer.Encode(), 0],
            _ => writer.Encode(),
        };
        request.CertificateExtensions.Add(new X509Extension(ExtensionOid, value, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static Frame Hello(NodeIdentity identity, DateTimeOffset? expires = null) => new()
    {
        Hello = new Hello
        {
            Record = PeerRecord.Create(identity, "hostile", [], 1, expires ?? DateTimeOffset.UtcNow.AddHours(1)).Wire,
            DialNumber = 1,
        },
    };
}
