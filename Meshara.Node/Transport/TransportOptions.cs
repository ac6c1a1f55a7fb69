using System.ComponentModel.DataAnnotations;

namespace Meshara.Node.Transport;

/// <summary>Section <c>Transport</c>: limits and timing of peer connections.</summary>
public sealed class TransportOptions
{
    /// <summary>
    /// Addresses of the nodes that may be peers of this one; empty admits everybody. In configuration a list, or one value with commas.
    /// </summary>
    public IReadOnlyList<string> AdmittedPeers { get; set; } = [];

    /// <summary>Longest wait for a TCP connection to a peer.</summary>
    public TimeSpan DialTimeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>Longest wait for TLS and the greeting once TCP is connected, on either side. It crosses the link four times.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection that has been silent this long is asked for a sign of life.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Bounds of the wait for a heartbeat's answer; inside them it follows the measured round trip (RFC 6298).</summary>
    public TimeSpan MinHeartbeatTimeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>See <see cref="MinHeartbeatTimeout"/>.</summary>
    public TimeSpan MaxHeartbeatTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest wait for the answer to a request such as FIND_NODE.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>A peer that takes nothing of what is queued for it for this long is disconnected.</summary>
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Handshakes from others that may be under way at once. As many connections may wait for theirs, further ones in the listen queue.</summary>
    [Range(1, 10_000)]
    public int MaxInboundHandshakes { get; set; } = 128;

    /// <summary>Sockets at the most that dial others at the same time; further dials wait.</summary>
    [Range(1, 10_000)]
    public int MaxDials { get; set; } = 512;

    /// <summary>
    /// Handshakes that peers at one IP address – of IPv6 one /64 network – may begin in ten seconds; further ones are hung up on. Does not
    /// hold for this machine's own address.
    /// </summary>
    [Range(1, 100_000)]
    public int HandshakesPerAddress { get; set; } = 50;

    /// <summary>Connections from peers at one IP address, counted and excepted as <see cref="HandshakesPerAddress"/>.</summary>
    [Range(1, 100_000)]
    public int MaxConnectionsPerAddress { get; set; } = 32;

    /// <summary>Peer connections at the most. With all of them in use the one worth least makes room for a newcomer.</summary>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 2048;

    /// <summary>With more connections than this, those worth least are closed until <see cref="LowWater"/> are left.</summary>
    [Range(1, 100_000)]
    public int HighWater { get; set; } = 1792;

    /// <summary>See <see cref="HighWater"/>.</summary>
    [Range(1, 100_000)]
    public int LowWater { get; set; } = 1536;

    /// <summary>A connection younger than this is not closed because there are more than <see cref="HighWater"/>.</summary>
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// A node that a peer refuses, because another program with the node's identity is connected to it, tries again after pauses that grow to
    /// this. Three times as long it is known that the identity is cloned.
    /// </summary>
    public TimeSpan CloneRetryInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Largest frame in bytes that is read.</summary>
    [Range(64 * 1024, 16 * 1024 * 1024)]
    public int MaxFrameBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>Bytes waiting to be written to one peer before senders have to wait, and a quarter as much of answers before they are dropped.</summary>
    [Range(64 * 1024, 256 * 1024 * 1024)]
    public int SendBufferBytes { get; set; } = 1024 * 1024;

    /// <summary>No setting: what the program speaks. Tests are a later release with it.</summary>
    internal ProtocolVersions Versions { get; init; } = ProtocolVersions.Own;
}
