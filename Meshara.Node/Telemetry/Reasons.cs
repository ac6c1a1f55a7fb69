namespace Meshara.Node.Telemetry;

/// <summary>Values of <c>meshara_errors_total{type}</c>.</summary>
internal static class ErrorType
{
    public static readonly KeyValuePair<string, object?> Crypto = new("type", "crypto");
    public static readonly KeyValuePair<string, object?> Protocol = new("type", "protocol");
    public static readonly KeyValuePair<string, object?> Routing = new("type", "routing");
    public static readonly KeyValuePair<string, object?> Network = new("type", "network");
    public static readonly KeyValuePair<string, object?> Storage = new("type", "storage");
    public static readonly KeyValuePair<string, object?> Timeout = new("type", "timeout");

    public static readonly KeyValuePair<string, object?>[] All = [Crypto, Protocol, Routing, Network, Storage, Timeout];
}

/// <summary>Values of <c>meshara_messages_dropped_total{reason}</c>.</summary>
internal static class DropReason
{
    public static readonly KeyValuePair<string, object?> Expired = new("reason", "expired");
    public static readonly KeyValuePair<string, object?> Duplicate = new("reason", "duplicate");
    public static readonly KeyValuePair<string, object?> QueueFull = new("reason", "queue_full");
    public static readonly KeyValuePair<string, object?> RateLimited = new("reason", "rate_limited");
    public static readonly KeyValuePair<string, object?> HopLimit = new("reason", "hop_limit");
    public static readonly KeyValuePair<string, object?> BadSignature = new("reason", "bad_signature");
    public static readonly KeyValuePair<string, object?> Undecryptable = new("reason", "undecryptable");
    public static readonly KeyValuePair<string, object?> Oversize = new("reason", "oversize");
    public static readonly KeyValuePair<string, object?> InboxFull = new("reason", "inbox_full");

    public static readonly KeyValuePair<string, object?>[] All = [Expired, Duplicate, QueueFull, RateLimited, HopLimit, BadSignature, Undecryptable, Oversize, InboxFull];
}

/// <summary>Values of <c>meshara_delivery_attempts_total{outcome}</c>.</summary>
internal static class AttemptOutcome
{
    public static readonly KeyValuePair<string, object?> Acknowledged = new("outcome", "acknowledged");
    public static readonly KeyValuePair<string, object?> Timeout = new("outcome", "timeout");
    public static readonly KeyValuePair<string, object?> Unreachable = new("outcome", "unreachable");
    public static readonly KeyValuePair<string, object?> Rejected = new("outcome", "rejected");

    public static readonly KeyValuePair<string, object?>[] All = [Acknowledged, Timeout, Unreachable, Rejected];
}

/// <summary>Values of <c>meshara_messages_completed_total{outcome}</c>.</summary>
internal static class Completion
{
    public static readonly KeyValuePair<string, object?> Acknowledged = new("outcome", "acknowledged");
    public static readonly KeyValuePair<string, object?> Expired = new("outcome", "expired");
    public static readonly KeyValuePair<string, object?> Rejected = new("outcome", "rejected");

    public static readonly KeyValuePair<string, object?>[] All = [Acknowledged, Expired, Rejected];
}

/// <summary>Values of <c>meshara_connections_closed_total{reason}</c> and <c>meshara_connection_errors_total{reason}</c>.</summary>
internal static class CloseReason
{
    /// <summary>The peer closed the connection in an orderly way.</summary>
    public const string Remote = "remote";

    /// <summary>The connection broke.</summary>
    public const string Network = "network";

    /// <summary>Heartbeats were not answered in time.</summary>
    public const string Timeout = "timeout";

    /// <summary>The peer accepted no data for too long.</summary>
    public const string SlowConsumer = "slow_consumer";

    /// <summary>The peer broke the protocol.</summary>
    public const string Protocol = "protocol";

    /// <summary>The peer has two connections; this one was dropped.</summary>
    public const string Duplicate = "duplicate";

    /// <summary>Another program with the same identity is connected.</summary>
    public const string Cloned = "cloned";

    /// <summary>There were more connections than wanted, and this one was worth least.</summary>
    public const string Pruned = "pruned";

    /// <summary>This node is stopping.</summary>
    public const string Shutdown = "shutdown";

    /// <summary>A dial that was refused or not answered.</summary>
    public const string Dial = "dial";

    /// <summary>A connection that was closed because there are too many from its address.</summary>
    public const string Refused = "refused";

    /// <summary>A TLS or identity handshake that failed.</summary>
    public const string Handshake = "handshake";

    /// <summary>Reasons of connections that are closed.</summary>
    public static readonly string[] OfClosed = [Remote, Network, Timeout, SlowConsumer, Protocol, Duplicate, Cloned, Pruned, Shutdown];

    /// <summary>Reasons of connection errors.</summary>
    public static readonly string[] OfErrors = [Dial, Handshake, Refused, Network, Timeout, Protocol];
}
