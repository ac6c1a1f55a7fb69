using System.Diagnostics.CodeAnalysis;
using Meshara.Node.Identity;

namespace Meshara.Node.Protocol;

/// <summary>
/// One way to reach a node: <c>tcp://host:port</c> to dial it, or <c>relay://address</c> through a peer that it stays connected
/// to.
/// </summary>
internal sealed record PeerEndpoint
{
    private PeerEndpoint(string text) => Text = text;

    /// <summary>The URI as written in a peer record.</summary>
    public string Text { get; }

    /// <summary>Host name or IP address of a <c>tcp</c> endpoint; null for a relay.</summary>
    public string? Host { get; private init; }

    /// <summary>1 to 65535 for a <c>tcp</c> endpoint.</summary>
    public int Port { get; private init; }

    /// <summary>The relay's address; empty for a <c>tcp</c> endpoint.</summary>
    public NodeAddress Relay { get; private init; }

    [MemberNotNullWhen(true, nameof(Host))]
    public bool IsTcp => Host is not null;

    public static PeerEndpoint Tcp(string host, int port)
    {
        // An IPv6 address needs brackets in a URI (RFC 3986 section 3.2.2).
        var bracketed = host.Contains(':') && !host.StartsWith('[') ? $"[{host}]" : host;
        return new PeerEndpoint($"tcp://{bracketed}:{port}") { Host = host.Trim('[', ']'), Port = port };
    }

    public static PeerEndpoint ThroughRelay(NodeAddress relay) => new($"relay://{relay}") { Relay = relay };

    public static bool TryParse(string text, [NotNullWhen(true)] out PeerEndpoint? endpoint)
    {
        endpoint = null;
        if (text.Length > 300)
            return false;
        if (text.StartsWith("relay://", StringComparison.Ordinal))
            endpoint = NodeAddress.TryParse(text["relay://".Length..], out var relay) ? ThroughRelay(relay) : null;
        else if (text.StartsWith("tcp://", StringComparison.Ordinal) && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Port is > 0 and <= 65535 && uri.Host.Length > 0)
            endpoint = Tcp(uri.Host, uri.Port);
        return endpoint is not null;
    }

    public override string ToString() => Text;
}
