using System.Collections.Frozen;

namespace Meshara.Node.Telemetry;

/// <summary>
/// An operation on a message in the terms of OpenTelemetry's messaging conventions, with its metric labels, allocated once.
/// Its name is that of its span. No label holds the destination, which is an address here.
/// </summary>
/// <seealso href="https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/"/>
internal sealed class MessagingOperation
{
    /// <summary>The value of <c>messaging.system</c>.</summary>
    public const string System = "meshara";

    /// <summary>The value of <c>messaging.destination.name</c> for a broadcast.</summary>
    public const string Everybody = "broadcast";

    /// <summary>The conventions' value for any other error.</summary>
    public const string Other = "_OTHER";

    public static readonly MessagingOperation Send = new(SpanNames.SendMessage, "send", ["expired", "rejected", ErrorCodes.Storage, Other]);
    public static readonly MessagingOperation Broadcast = new(SpanNames.BroadcastMessage, "send", []);
    public static readonly MessagingOperation Receive = new(
        SpanNames.ReceiveMessage, "process",
        ["expired", "bad_signature", "oversize", "undecryptable", "inbox_full", ErrorCodes.Storage, Other]);
    public static readonly MessagingOperation ReceiveBroadcast = new(
        SpanNames.ReceiveBroadcast, "process", ["expired", "bad_signature", ErrorCodes.Storage, Other]);

    private readonly LabelSet _succeeded;
    private readonly FrozenDictionary<string, LabelSet> _failed;

    private MessagingOperation(string name, string type, string[] errors)
    {
        (Name, Type) = (name, type);
        _succeeded = Make([]);
        _failed = errors.ToFrozenDictionary(error => error, error => Make([new("error.type", error)]), StringComparer.Ordinal);

        LabelSet Make(KeyValuePair<string, object?>[] failure)
        {
            KeyValuePair<string, object?>[] plain = [new("messaging.system", System), new("messaging.operation.name", name), .. failure];
            return new LabelSet(plain, [.. plain, new("messaging.operation.type", type)]);
        }
    }

    /// <summary>The value of <c>messaging.operation.name</c>.</summary>
    public string Name { get; }

    /// <summary>The value of <c>messaging.operation.type</c>.</summary>
    public string Type { get; }

    /// <summary>All label sets of its metrics.</summary>
    public IEnumerable<LabelSet> All => [_succeeded, .. _failed.Values];

    /// <param name="error">The failure; null for success. One that is not listed becomes <see cref="Other"/>.</param>
    public LabelSet Labels(string? error) =>
        error is null ? _succeeded : _failed.TryGetValue(error, out var labels) ? labels : _failed[Other];

    /// <summary>The labels of one outcome.</summary>
    /// <param name="Plain">System, name, and the error if any.</param>
    /// <param name="Typed">The same with the operation's type, which only the duration of a client's operation carries.</param>
    internal readonly record struct LabelSet(KeyValuePair<string, object?>[] Plain, KeyValuePair<string, object?>[] Typed);
}
