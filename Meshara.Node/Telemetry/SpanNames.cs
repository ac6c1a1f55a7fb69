namespace Meshara.Node.Telemetry;

/// <summary>The span names of docs/telemetry.md; no others are used.</summary>
internal static class SpanNames
{
    public const string SendMessage = "send_message";
    public const string CreateMessage = "create_message";
    public const string Encrypt = "encrypt";
    public const string Sign = "sign";
    public const string RouteMessage = "route_message";
    public const string FindRoute = "find_route";
    public const string DhtLookup = "dht_lookup";
    public const string SendToPeer = "send_to_peer";
    public const string TlsConnect = "tls_connect";
    public const string WriteBytes = "write_bytes";
    public const string AckReceived = "ack_received";
    public const string ForwardMessage = "forward_message";
    public const string ReceiveMessage = "receive_message";
    public const string Verify = "verify";
    public const string Decrypt = "decrypt";
    public const string Deliver = "deliver";
    public const string SendAck = "send_ack";
    public const string BroadcastMessage = "broadcast_message";
    public const string GossipForward = "gossip_forward";
    public const string ReceiveBroadcast = "receive_broadcast";
}
