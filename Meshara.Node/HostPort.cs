using System.Globalization;
using System.Net;

namespace Meshara.Node;

/// <summary>A host and a port in the notation operators use: <c>127.0.0.1:8080</c>, <c>[::1]:8080</c>, <c>node-1:8443</c>.</summary>
/// <param name="Host">A name or an IP address, without the brackets of an IPv6 address.</param>
/// <param name="Port">0 to 65535; 0 lets the system choose when listening.</param>
internal readonly record struct HostPort(string Host, int Port)
{
    /// <summary>Parses <c>HOST:PORT</c>; an IPv6 address must be in brackets, because it contains colons.</summary>
    public static bool TryParse(string? text, out HostPort value)
    {
        value = default;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (text is null || colon < 1)
            return false;
        var host = text[..colon];
        if (host is ['[', .. var inner, ']'])
            host = inner;
        else if (host.Contains(':', StringComparison.Ordinal))
            return false;
        if (Uri.CheckHostName(host) == UriHostNameType.Unknown || !TryParsePort(text.AsSpan(colon + 1), out var port))
            return false;
        value = new HostPort(host, port);
        return true;
    }

    /// <summary>Digits only, 0 to 65535.</summary>
    public static bool TryParsePort(ReadOnlySpan<char> text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= IPEndPoint.MaxPort;

    /// <summary>True if a socket can be bound to <paramref name="host"/> without name resolution.</summary>
    public static bool IsBindable(string host) => IsLocalhost(host) || IPAddress.TryParse(host, out _);

    /// <summary>True if only programs on this machine can connect to a socket bound to <paramref name="host"/>.</summary>
    public static bool IsLoopback(string host) =>
        IsLocalhost(host) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>True for the name by which every machine knows itself (RFC 6761 section 6.3).</summary>
    public static bool IsLocalhost(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase);

    /// <summary>The form that <see cref="TryParse"/> reads.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
