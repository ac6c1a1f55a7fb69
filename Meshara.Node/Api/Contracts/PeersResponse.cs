using System.ComponentModel;

namespace Meshara.Node.Api.Contracts;

[Description("Live authenticated connections.")]
internal sealed record PeersResponse(
    [property: Description("One entry a connection, by address.")] IReadOnlyList<PeerResponse> Peers);

[Description("One live connection.")]
internal sealed record PeerResponse(
    [property: Description("Who is at the other end, proven by the handshake.")] string Address,
    [property: Description("The name the peer gives itself; not proven.")] string Name,
    [property: Description("IP address and port of the other end.")] string Remote,
    [property: Description("outbound when this node dialled.")] PeerDirection Direction,
    [property: Description("When the handshake was done (UTC, RFC 3339).")] DateTime ConnectedAt,
    [property: Description("Smoothed round trip time of the heartbeats in milliseconds; null before the first answer.")] double? RttMs,
    [property: Description("True when this node pushes broadcasts to it: a link of the broadcast tree.")] bool Tree,
    [property: Description("Bytes that this node has sent over the connection.")] long BytesOut)
{
    public static PeerResponse From(PeerInfo peer) => new(
        peer.Address.ToString(),
        peer.Name,
        peer.Remote,
        peer.Outbound ? PeerDirection.Outbound : PeerDirection.Inbound,
        peer.ConnectedAt.UtcDateTime,
        peer.RoundTrip is { } roundTrip ? Math.Round(roundTrip.TotalMilliseconds, 3) : null,
        peer.InTree,
        peer.BytesSent);
}

/// <summary>Which end dialled.</summary>
internal enum PeerDirection
{
    /// <summary>The peer dialled this node.</summary>
    Inbound,

    /// <summary>This node dialled the peer.</summary>
    Outbound,
}
