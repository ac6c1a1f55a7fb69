using System.ComponentModel.DataAnnotations;

namespace Meshara.Node.Transport;

/// <summary>Section <c>Transport</c>: limits and timing of peer connections.</summary>
public sealed class TransportOptions
{
    /// <summary>
    /// Addresses of the nodes that may connect as peers; empty admits everybody. In configuration, a list or one
    /// comma-separated value.
    /// </summary>
    public IReadOnlyList<string> AdmittedPeers { get; set; } = [];

    /// <summary>Longest wait for a TCP connection to a peer.</summary>
    public TimeSpan DialTimeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// Longest wait for TLS and the greeting once TCP is connected, on either side. The exchange crosses the link four times.
    /// </summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection that has been silent this long is pinged.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Lower bound of the wait for the answer to a ping; between the bounds, the wait follows the measured round trip (RFC
    /// 6298).
    /// </summary>
    public TimeSpan MinHeartbeatTimeout { get; set; } = TimeSpan.FromSeconds(4);

    /// <summary>Upper bound of that wait; see <see cref="MinHeartbeatTimeout"/>.</summary>
    public TimeSpan MaxHeartbeatTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest wait for the answer to a request such as FIND_NODE.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>A peer that reads nothing from its queue for this long is disconnected.</summary>
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Inbound handshakes that may be in progress at once. As many more connections may wait for their turn; the rest wait in
    /// the listen queue.
    /// </summary>
    [Range(1, 10_000)]
    public int MaxInboundHandshakes { get; set; } = 128;

    /// <summary>The most sockets that dial at a time; further ones wait. Beyond as many peers being dialled, a dial fails at once.</summary>
    [Range(1, 10_000)]
    public int MaxDials { get; set; } = 512;

    /// <summary>
    /// Handshakes that peers at one IP address (for IPv6, one /64 network) may begin in ten seconds; further connections are
    /// dropped. Connections from this machine itself are exempt.
    /// </summary>
    [Range(1, 100_000)]
    public int HandshakesPerAddress { get; set; } = 50;

    /// <summary>
    /// Connections from peers at one IP address, with the grouping and exemption of <see cref="HandshakesPerAddress"/>.
    /// </summary>
    [Range(1, 100_000)]
    public int MaxConnectionsPerAddress { get; set; } = 32;

    /// <summary>The most peer connections. At the limit, the connection worth least makes room for a newcomer.</summary>
    [Range(1, 100_000)]
    public int MaxConnections { get; set; } = 2048;

    /// <summary>Above this number of connections, those worth least are closed until <see cref="LowWater"/> remain.</summary>
    [Range(1, 100_000)]
    public int HighWater { get; set; } = 1792;

    /// <summary>See <see cref="HighWater"/>.</summary>
    [Range(1, 100_000)]
    public int LowWater { get; set; } = 1536;

    /// <summary>A connection younger than this is not closed for exceeding <see cref="HighWater"/>.</summary>
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// If a peer refuses this node because another program with its identity is connected, the node retries after pauses that
    /// grow to this. A clone is reported until three times this has passed without a sign of it.
    /// </summary>
    public TimeSpan CloneRetryInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The largest frame accepted, in bytes.</summary>
    [Range(64 * 1024, 16 * 1024 * 1024)]
    public int MaxFrameBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>
    /// Bytes that may be queued for one peer before senders wait. Answers and other urgent frames are dropped beyond a quarter
    /// of this.
    /// </summary>
    [Range(64 * 1024, 256 * 1024 * 1024)]
    public int SendBufferBytes { get; set; } = 1024 * 1024;

    /// <summary>Not configurable: the versions this program speaks. Tests set it to act as a later release.</summary>
    internal ProtocolVersions Versions { get; init; } = ProtocolVersions.Own;
}
