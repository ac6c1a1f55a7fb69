using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Meshara.Node.Api.Contracts;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Meshara.Node.Api;

/// <summary><c>/api/messages</c> and <c>/api/broadcasts</c>: sends messages and reports their state.</summary>
internal static class MessagesApi
{
    private const string KeyHeader = "Idempotency-Key";
    private const string KeyDescription = "The client's name for this request, 1 to 255 characters. Repeated within the time that the message's state is kept, it is the same message.";
    private const int MaxKeyLength = 255;

    public static void MapMessages(this RouteGroupBuilder api)
    {
        var group = api.MapGroup("").WithTags("Messages");
        group.MapPost("/messages", SendAsync)
            .WithName("SendMessage")
            .WithSummary("Sends a private message.")
            .WithDescription("The node retries until the recipient's signed acknowledgment or the end of the time to live. Location tells where to follow it. "
                + "A client that repeats a request whose answer it did not get names it with Idempotency-Key: it stays one message.")
            .Problems(400, 413, 415, 422, 429, 503);
        group.MapGet("/messages/{id}", GetAsync)
            .WithName("GetMessage")
            .WithSummary("How an accepted private message fares.")
            .Problems(400, 404, 503);
        group.MapPost("/broadcasts", BroadcastAsync)
            .WithName("Broadcast")
            .WithSummary("Sends a signed, unencrypted message to every node.")
            .WithDescription("Broadcasts are not acknowledged. Idempotency-Key as for private messages.")
            .Problems(400, 413, 415, 422, 429, 503);
    }

    internal static async Task<Results<Accepted<AcceptedResponse>, ApiProblem>> SendAsync(
        SendRequest request,
        [Description(KeyDescription), FromHeader(Name = KeyHeader)] string? idempotencyKey,
        IMessenger messenger,
        IOptions<DeliveryOptions> options,
        CancellationToken cancellationToken)
    {
        if (!IsKey(idempotencyKey))
            return NotAKey();
        if (string.IsNullOrEmpty(request.To))
            return ApiProblem.Invalid("to is missing: give the recipient's address, 52 characters of a-z and 2-7.");
        var recipient = NodeAddress.Parse(request.To);
        if (!TryGetTimeToLive(request.TtlSeconds, options.Value, out var timeToLive, out var problem)
            || !TryGetContent(request.Text, request.Content, out var content, out problem))
            return problem;

        var id = idempotencyKey is null
            ? await messenger.SendAsync(recipient, content, timeToLive, cancellationToken)
            : await messenger.SendOnceAsync(idempotencyKey, recipient, content, timeToLive, cancellationToken);
        return TypedResults.Accepted($"/api/messages/{id}", new AcceptedResponse(id.ToString()));
    }

    internal static async Task<Results<Accepted<AcceptedResponse>, ApiProblem>> BroadcastAsync(
        BroadcastRequest request,
        [Description(KeyDescription), FromHeader(Name = KeyHeader)] string? idempotencyKey,
        IMessenger messenger,
        CancellationToken cancellationToken)
    {
        if (!IsKey(idempotencyKey))
            return NotAKey();
        if (!TryGetContent(request.Text, request.Content, out var content, out var problem))
            return problem;
        var id = idempotencyKey is null
            ? await messenger.BroadcastAsync(content, cancellationToken)
            : await messenger.BroadcastOnceAsync(idempotencyKey, content, cancellationToken);
        return TypedResults.Accepted((string?)null, new AcceptedResponse(id.ToString()));
    }

    internal static async Task<Results<Ok<MessageResponse>, ApiProblem>> GetAsync(
        [Description("The id from the answer to POST /api/messages.")] string id, IMessenger messenger, CancellationToken cancellationToken)
    {
        if (!MessageId.TryParse(id, out var messageId))
            return NotAnId(id);
        return await messenger.GetStatusAsync(messageId, cancellationToken) is { } status
            ? TypedResults.Ok(MessageResponse.From(status))
            : new ApiProblem(StatusCodes.Status404NotFound, ErrorCodes.NotFound,
                $"This node accepted no private message {messageId}, or has forgotten it.");
    }

    internal static ApiProblem NotAnId(string text) =>
        ApiProblem.Invalid($"'{Printable.Bounded(text, 64)}' is not a message id: 32 hexadecimal digits are expected.");

    private static bool IsKey(string? key) => key is null or { Length: >= 1 and <= MaxKeyLength };

    private static ApiProblem NotAKey() => ApiProblem.Invalid($"{KeyHeader} must have 1 to {MaxKeyLength} characters.");

    private static bool TryGetTimeToLive(
        long? seconds, DeliveryOptions options, out TimeSpan? timeToLive, [NotNullWhen(false)] out ApiProblem? problem)
    {
        timeToLive = null;
        problem = null;
        if (seconds is null)
            return true;
        var longest = (long)options.MaxTimeToLive.TotalSeconds;
        if (seconds < 1 || seconds > longest)
        {
            problem = ApiProblem.Invalid(string.Create(CultureInfo.InvariantCulture,
                $"ttl_seconds must be 1 to {longest}, not {seconds}; leave it out for {options.TimeToLive.TotalSeconds:F0}."));
            return false;
        }
        timeToLive = TimeSpan.FromSeconds(seconds.Value);
        return true;
    }

    private static bool TryGetContent(
        string? text, byte[]? bytes, out ReadOnlyMemory<byte> content, [NotNullWhen(false)] out ApiProblem? problem)
    {
        content = text is null ? bytes : Encoding.UTF8.GetBytes(text);
        problem = (text, bytes) switch
        {
            (null, null) => new ApiProblem(StatusCodes.Status400BadRequest, ErrorCodes.EmptyMessage, "There is no message: give text, or content in base64."),
            (not null, not null) => ApiProblem.Invalid("Both text and content are given: give one of them."),
            _ => null,
        };
        return problem is null;
    }
}
