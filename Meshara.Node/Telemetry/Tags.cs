using Meshara.Node.Protocol;
using Meshara.Node.Storage;

namespace Meshara.Node.Telemetry;

/// <summary>
/// Labels with closed sets of values, allocated once: adding to a counter must not allocate, and no value may come from a peer.
/// </summary>
internal static class Tags
{
    public static readonly KeyValuePair<string, object?> Private = Type("private");
    public static readonly KeyValuePair<string, object?> Broadcast = Type("broadcast");
    public static readonly KeyValuePair<string, object?> Ack = Type("ack");
    public static readonly KeyValuePair<string, object?> Dht = Type("dht");
    public static readonly KeyValuePair<string, object?> Ping = Type("ping");

    /// <summary>All message types, and those that are relayed.</summary>
    public static readonly KeyValuePair<string, object?>[] Types = [Private, Broadcast, Ack, Dht, Ping], Relayed = [Private, Broadcast, Ack];

    public static readonly KeyValuePair<string, object?> Inbound = new("direction", "inbound");
    public static readonly KeyValuePair<string, object?> Outbound = new("direction", "outbound");
    public static readonly KeyValuePair<string, object?> In = new("direction", "in");
    public static readonly KeyValuePair<string, object?> Out = new("direction", "out");
    public static readonly KeyValuePair<string, object?> Read = new("direction", "read");
    public static readonly KeyValuePair<string, object?> Write = new("direction", "write");
    public static readonly KeyValuePair<string, object?> Found = new("result", "found");
    public static readonly KeyValuePair<string, object?> NotFound = new("result", "not_found");

    public static readonly KeyValuePair<string, object?> StorageHealthy = new("state", "healthy");
    public static readonly KeyValuePair<string, object?> StorageSlow = new("state", "slow");
    public static readonly KeyValuePair<string, object?> StorageFailed = new("state", "failed");

    public static readonly KeyValuePair<string, object?> OwnIdentity = new("identity", "own");
    public static readonly KeyValuePair<string, object?> PeersIdentity = new("identity", "peer");

    public static KeyValuePair<string, object?> Of(MessageType type) => type switch
    {
        MessageType.Private => Private,
        MessageType.Broadcast => Broadcast,
        MessageType.Ack => Ack,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    public static KeyValuePair<string, object?> State(StorageState state) => state switch
    {
        StorageState.Healthy => StorageHealthy,
        StorageState.Slow => StorageSlow,
        _ => StorageFailed,
    };

    public static KeyValuePair<string, object?> Direction(bool outbound) => outbound ? Outbound : Inbound;

    private static KeyValuePair<string, object?> Type(string value) => new("message_type", value);
}
