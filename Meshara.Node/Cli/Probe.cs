using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Meshara.Node.Cli;

/// <summary>
/// <c>meshara probe</c>, a container's health check: tells whether this container's node is ready; with <c>health</c>, whether
/// it is also connected and healthy. An engine runs it every few seconds, in an image that has no other program, so it uses a
/// bare socket before anything of the command line is loaded.
/// </summary>
internal static class Probe
{
    /// <summary>Name of the command.</summary>
    public const string Name = "probe";

    /// <summary>Its argument.</summary>
    public const string Health = "health";

    private const int DefaultPort = 8080;

    // In milliseconds. Less than the engine's own timeout, so that the check itself reports the failure.
    private const int Patience = 5000;

    /// <summary>Asks on the port in <c>Api__Port</c>, with TLS if <c>Api__CertificateFile</c> is set.</summary>
    /// <param name="path">Path of an endpoint that answers 200 on success; ASCII.</param>
    /// <returns><see cref="ExitCodes.Ok"/> if the answer is 200, otherwise <see cref="ExitCodes.Unreachable"/>.</returns>
    public static int Run(string path)
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
            stream.Write(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
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
        // The certificate is issued for the public name, which cannot match here. The connection stays within the container
        // and sends no secrets.
        var secured = new SslStream(plain, leaveInnerStreamOpen: false, (_, shown, _, _) => shown is not null);
        secured.AuthenticateAsClient("localhost");
        return secured;
    }
}
