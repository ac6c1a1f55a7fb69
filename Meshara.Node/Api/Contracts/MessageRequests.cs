using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace Meshara.Node.Api.Contracts;

// Unknown members are refused: silently ignoring a misspelt "ttl" would keep a message for a day instead of a second.

[Description("A private message. Give text or content, not both.")]
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record SendRequest
{
    [Description("The recipient's address, 52 characters of a-z and 2-7. It need not be reachable now.")]
    [Required]
    public string? To { get; init; }

    [Description("The message as text; it is sent as UTF-8.")]
    public string? Text { get; init; }

    [Description("The message as bytes in base64 (RFC 4648 section 4, with padding).")]
    public byte[]? Content { get; init; }

    [Description("Seconds until the node gives up; 1 to Delivery:MaxTimeToLive. Left out: Delivery:TimeToLive.")]
    public long? TtlSeconds { get; init; }
}

[Description("A signed, unencrypted message to every node. Give text or content, not both.")]
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record BroadcastRequest
{
    [Description("The message as text; it is sent as UTF-8.")]
    public string? Text { get; init; }

    [Description("The message as bytes in base64 (RFC 4648 section 4, with padding).")]
    public byte[]? Content { get; init; }
}
