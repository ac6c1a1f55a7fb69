using System.Collections.Frozen;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Telemetry;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Node.Transport;

/// <summary>
/// Turns a TCP connection into an authenticated peer: TLS 1.3 with mutual certificates bound to identities, ALPN
/// <c>meshara/1</c>, then one <see cref="Hello"/> in each direction, which settles the protocol version. No other frame is read
/// before that.
/// </summary>
internal sealed class Handshake(
    NodeIdentity identity, LocalRecord self, PeerPauses bans, TransportOptions options, MeshTelemetry telemetry, TimeProvider time) : IDisposable
{
    // Until a peer has introduced itself, it gets no more memory than an introduction needs.
    internal const int MaxHelloBytes = 16 * 1024;

    // Bytes in the kernel's send buffer that are not on the network yet.
    private const int UnsentBytes = 128 * 1024;

    /// <summary>Error code for a node that has dialled itself, because it is in its own bootstrap list.</summary>
    public const string Self = "self";

    /// <summary>Error code for another program with this node's identity.</summary>
    public const string Clone = "clone";

    private static readonly SslApplicationProtocol Protocol = new("meshara/1");
    private static readonly string Agent = $"meshara/{BuildInfo.Version}";

    private readonly NodeClock _clock = NodeClock.Of(time);

    // Empty if everybody is admitted.
    private readonly FrozenSet<NodeAddress> _admitted = options.AdmittedPeers.Select(NodeAddress.Parse).ToFrozenSet();

    // Created once, because with a bare certificate every handshake would build its own chain. Created lazily, because .NET
    // then reads every certificate the machine trusts, which a node without peers need not wait for.
    private readonly Lazy<SslStreamCertificateContext> _certificate = new(() => SslStreamCertificateContext.Create(
        PeerCertificate.Create(identity, time.GetUtcNow()), additionalCertificates: null, offline: true));

    /// <summary>Turns a dialled socket into a connection.</summary>
    /// <param name="expected">The peer that should answer; null at a bootstrap endpoint, where any peer may.</param>
    /// <exception cref="MesharaException">
    /// <see cref="ErrorCodes.Protocol"/>, or <see cref="ErrorCodes.Unreachable"/> if it took too long.
    /// </exception>
    public Task<PeerConnection> DialAsync(Socket socket, NodeAddress? expected, CancellationToken cancellationToken) =>
        RunAsync(socket, outbound: true, expected, cancellationToken);

    /// <summary>Turns an accepted socket into a connection; failures as in <see cref="DialAsync"/>.</summary>
    public Task<PeerConnection> AcceptAsync(Socket socket, CancellationToken cancellationToken) =>
        RunAsync(socket, outbound: false, expected: null, cancellationToken);

    /// <summary>Address and port of the remote end; IPv4-mapped addresses are shown as IPv4.</summary>
    public static string RemoteOf(Socket socket) => socket.RemoteEndPoint switch
    {
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped => new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port).ToString(),
        { } remote => remote.ToString()!,
        null => "unknown",
    };

    /// <summary>The message about a peer that takes too long.</summary>
    public static string TooSlow(string remote, TimeSpan timeout) => $"{remote} did not finish the handshake within {timeout.TotalSeconds:0.#} s.";

    private async Task<PeerConnection> RunAsync(Socket socket, bool outbound, NodeAddress? expected, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var remote = "unknown";
        SslStream stream;
        try
        {
            remote = RemoteOf(socket);
            socket.NoDelay = true;
            LimitUnsent(socket);
            stream = new SslStream(new MeteredStream(new NetworkStream(socket, ownsSocket: true), telemetry));
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            socket.Dispose();
            throw new MesharaException(ErrorCodes.Unreachable, $"{remote} hung up before the handshake.", e);
        }
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(options.HandshakeTimeout);
        try
        {
            var peer = await AuthenticateAsync(stream, outbound, deadline.Token);
            if (peer == identity.Address)
            {
                throw InstanceOf(stream) == _certificate.Value.TargetCertificate.Thumbprint
                    ? new MesharaException(Self, "This node dialled itself.")
                    : new MesharaException(Clone, $"{remote} is another program with this node's identity.");
            }
            if (_admitted.Count > 0 && !_admitted.Contains(peer))
                throw new MesharaException(ErrorCodes.Protocol, $"{peer} is not among Transport:AdmittedPeers.");
            if (bans.Contains(peer))
                throw new MesharaException(ErrorCodes.Protocol, $"{peer.Short} broke the protocol and is kept out for a while.");
            if (expected is { } who && who != peer)
                throw new MesharaException(ErrorCodes.Protocol, $"{remote} is {peer.Short}, not {who.Short}.");
            var connection = await GreetAsync(stream, socket, peer, remote, outbound, deadline.Token);
            telemetry.ConnectionOpened(outbound, time.GetElapsedTime(started));
            return connection;
        }
        catch (Exception e)
        {
            await stream.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw e switch
            {
                MesharaException => e,
                OperationCanceledException => new MesharaException(ErrorCodes.Unreachable, TooSlow(remote, options.HandshakeTimeout), e),
                _ => new MesharaException(ErrorCodes.Protocol, $"{remote} is not a Meshara peer: {Printable.Bounded(e.Message, 200)}", e),
            };
        }
    }

    /// <summary>
    /// Limits the unsent data in the kernel's buffer. Behind megabytes in a socket buffer, heartbeats, answers and
    /// acknowledgments would arrive seconds late on a slow link.
    /// </summary>
    private static void LimitUnsent(Socket socket)
    {
        int? notSentLowWater = OperatingSystem.IsLinux() ? 25 : OperatingSystem.IsMacOS() ? 0x201 : null; // TCP_NOTSENT_LOWAT
        if (notSentLowWater is { } option)
            socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, option, BitConverter.GetBytes(UnsentBytes));
    }

    /// <summary>Identifies the peer's process: each process makes its own certificate.</summary>
    private static string InstanceOf(SslStream stream) => ((X509Certificate2)stream.RemoteCertificate!).Thumbprint;

    private async Task<NodeAddress> AuthenticateAsync(SslStream stream, bool outbound, CancellationToken cancellationToken)
    {
        NodeAddress peer = default;
        RemoteCertificateValidationCallback validate = (_, certificate, _, _) => PeerCertificate.TryGetIdentity(certificate, out peer);
        if (outbound)
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "meshara",
                EnabledSslProtocols = SslProtocols.Tls13,
                ApplicationProtocols = [Protocol],
                ClientCertificateContext = _certificate.Value,
                RemoteCertificateValidationCallback = validate,
                CertificateChainPolicy = NoChain(),
                AllowTlsResume = false, // a resumed session carries no certificate, and so no proof of identity
            }, cancellationToken);
        }
        else
        {
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
            {
                ServerCertificateContext = _certificate.Value,
                ClientCertificateRequired = true,
                EnabledSslProtocols = SslProtocols.Tls13,
                ApplicationProtocols = [Protocol],
                RemoteCertificateValidationCallback = validate,
                CertificateChainPolicy = NoChain(),
                AllowTlsResume = false,
            }, cancellationToken);
        }
        if (stream.NegotiatedApplicationProtocol != Protocol)
            throw new MesharaException(ErrorCodes.Protocol, "The other end does not speak meshara/1.");
        return peer;
    }

    private async Task<PeerConnection> GreetAsync(SslStream stream, Socket socket, NodeAddress peer, string remote, bool outbound, CancellationToken cancellationToken)
    {
        var own = options.Versions;
        var greeting = new Hello
        {
            Record = self.Current.Wire, Agent = Agent, DialNumber = outbound ? (ulong)_clock.Steady.UtcTicks : 0, Clock = _clock.ToWire(),
            Protocol = own.Newest, OldestProtocol = own.Oldest,
        };
        await FrameWriter.WriteDirectAsync(stream, new Frame { Hello = greeting }, cancellationToken);
        var reader = new FrameReader(stream, options.MaxFrameBytes);
        var (hello, record, version) = Read(await reader.ReadAsync(MaxHelloBytes, cancellationToken), peer, own, _clock.Steady);
        // The stream is ended by TCP at a frame boundary, not by TLS: SslStream.ShutdownAsync touches OpenSSL's state without a
        // lock while the other loop reads, which corrupts memory. Truncation gains an attacker nothing, because unacknowledged
        // messages are sent again.
        var link = new PeerLink(
            stream, () => socket.Shutdown(SocketShutdown.Send), remote, InstanceOf(stream), AddressLimits.GroupOf(socket), outbound,
            outbound ? greeting.DialNumber : hello.DialNumber);
        var writer = new FrameWriter(stream, options.SendBufferBytes, time);
        var connection = new PeerConnection(link, reader, writer, record, options, telemetry, time) { Version = version };
        connection.ReadClock(hello.Clock, TimeSpan.Zero);
        return connection;
    }

    /// <summary>Reads how a peer introduces itself, once its identity is proven.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Protocol"/> if it is not welcome.</exception>
    internal static (Hello Hello, PeerRecord Record, uint Version) Read(Frame? frame, NodeAddress peer, ProtocolVersions own, DateTimeOffset now)
    {
        var hello = frame?.Hello ?? throw new MesharaException(ErrorCodes.Protocol, "The peer did not introduce itself.");
        if (own.Agree(ProtocolVersions.Of(hello)) is not { } version)
        {
            throw new MesharaException(ErrorCodes.Protocol,
                $"{peer.Short} ({Printable.Bounded(hello.Agent, 50)}) speaks {ProtocolVersions.Of(hello)} of the protocol, "
                + $"and this node {own}: one of the two is too old.");
        }
        return PeerRecord.TryVerifyOwn(hello.Record, peer, now, out var record)
            ? (hello, record, version)
            : throw new MesharaException(ErrorCodes.Protocol, "The peer's record is not valid or not its own.");
    }

    /// <summary>
    /// .NET always builds a chain; PeerCertificate is what binds the key to the identity. Trusting nothing keeps that cheap:
    /// otherwise each handshake copies every certificate the machine trusts into its own store.
    /// </summary>
    private static X509ChainPolicy NoChain() => new()
    {
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        RevocationMode = X509RevocationMode.NoCheck,
        VerificationFlags = X509VerificationFlags.AllFlags,
        DisableCertificateDownloads = true,
    };

    public void Dispose()
    {
        if (_certificate.IsValueCreated)
            _certificate.Value.TargetCertificate.Dispose();
    }
}
