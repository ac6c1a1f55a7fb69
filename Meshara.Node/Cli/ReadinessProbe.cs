using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Meshara.Node.Cli;

/// <summary>
/// <c>meshara probe</c>, a container's health check: whether the node of this container is ready. It is called every few seconds in an
/// image that has no other program, so it asks by a bare socket, before anything of the command line is loaded.
/// </summary>
internal static class ReadinessProbe
{
    /// <summary>Name of the command.</summary>
    public const string Name = "probe";

    private const int DefaultPort = 8080;

    // In milliseconds. An engine that runs the check gives it longer, so that it is the check that fails.
    private const int Patience = 5000;

    /// <summary>Asks <c>/ready</c> on the port in <c>Api__Port</c>, under TLS where <c>Api__CertificateFile</c> is set.</summary>
    /// <returns><see cref="ExitCodes.Ok"/> when the node is ready, else <see cref="ExitCodes.Unreachable"/>.</returns>
    public static int Run()
    {
        var configured = Environment.GetEnvironmentVariable("Api__Port");
        var port = ushort.TryParse(configured, CultureInfo.InvariantCulture, out var number) ? number : DefaultPort;
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            SendTimeout = Patience,
            ReceiveTimeout = Patience,
        };
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            using var stream = Open(socket);
            stream.Write("GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"u8);
            // HTTP/1.1 200
            Span<byte> status = stackalloc byte[12];
            if (stream.ReadAtLeast(status, status.Length, throwOnEndOfStream: false) < status.Length)
                return ExitCodes.Unreachable;
            return status.EndsWith(" 200"u8) ? ExitCodes.Ok : ExitCodes.Unreachable;
        }
        catch (Exception e) when (e is SocketException or IOException or AuthenticationException)
        {
            return ExitCodes.Unreachable;
        }
    }

    private static Stream Open(Socket socket)
    {
        var plain = new NetworkStream(socket);
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("Api__CertificateFile")))
            return plain;
        // The certificate is for the name that users call. This stays within the container, and hands nothing over.
        var secured = new SslStream(plain, leaveInnerStreamOpen: false, (_, shown, _, _) => shown is not null);
        secured.AuthenticateAsClient("localhost");
        return secured;
    }
}
