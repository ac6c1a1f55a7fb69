using System.ComponentModel;
using System.Globalization;
using Meshara.Node.Api.Contracts;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Meshara.Node.Api;

/// <summary><c>/api/inbox</c>: reads, removes and follows received messages.</summary>
internal static class InboxApi
{
    private const int DefaultLimit = 100, MaxLimit = 1000;

    /// <summary>
    /// One answer ends after this much content, so that a thousand large messages do not take a gigabyte of memory.
    /// </summary>
    private const int PageBytes = 8 * 1024 * 1024;

    private const int ReadAtOnce = 32;

    public static void MapInbox(this RouteGroupBuilder api)
    {
        var group = api.MapGroup("/inbox").WithTags("Inbox");
        group.MapGet("", ReadAsync)
            .WithName("ReadInbox")
            .WithSummary("Received messages, oldest first.")
            .WithDescription("An answer can hold fewer messages than limit; the inbox is at its end when it holds none. Go on with after = next.")
            .WithIntegerParameter("after", 0, long.MaxValue)
            .WithIntegerParameter("limit", 1, MaxLimit)
            .Problems(400, 503);
        group.MapDelete("/{id}", DeleteAsync)
            .WithName("DeleteFromInbox")
            .WithSummary("Removes a received message.")
            .WithDescription("A sender chooses the ids of its messages. When more than one sender has used this one, from says whose message is meant.")
            .Problems(400, 404, 409, 503);
        group.MapGet("/stream", Stream)
            .WithName("FollowInbox")
            .WithSummary("Messages as they arrive, as server-sent events.")
            .WithDescription("Each event has the cursor as id, the name message, and a received message as data. A comment line every 15 seconds keeps "
                + "the connection alive. Without after and Last-Event-ID the stream starts at now; Last-Event-ID wins. It ends when the node stops. A cursor beyond the end of "
                + "the inbox, which has begun anew since, is answered with an event named reset, and the stream starts at the beginning.")
            .WithIntegerParameter("after", 0, long.MaxValue)
            .WithIntegerParameter("Last-Event-ID", 0, long.MaxValue)
            .Produces<ReceivedMessage>(StatusCodes.Status200OK, InboxStream.ContentType)
            .Problems(400, 503);
    }

    // Numbers are read as text, because the framework's own answer to "after=x" could not name the allowed values.

    internal static async Task<Results<Ok<InboxResponse>, ApiProblem>> ReadAsync(
        [Description("Messages after this cursor; left out: from the beginning.")] string? after,
        [Description("Messages at the most; left out: 100.")] string? limit,
        IInbox inbox,
        CancellationToken cancellationToken)
    {
        if (!TryParseCursor(after, 0, out var from))
            return NotACursor("after", after);
        var most = DefaultLimit;
        if (limit is not null && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most is < 1 or > MaxLimit))
            return ApiProblem.Invalid($"limit must be 1 to {MaxLimit}, not '{Printable.Bounded(limit, 32)}'.");

        // The cursor belongs to an inbox that no longer exists, for example after a restored backup; nothing would ever follow it.
        var isReset = from > inbox.LastCursor;
        if (isReset)
            from = 0;
        var messages = await ReadPageAsync(inbox, from, most, cancellationToken);
        return TypedResults.Ok(new InboxResponse(messages, messages.Count == 0 ? from : messages[^1].Cursor, isReset));
    }

    internal static async Task<Results<NoContent, ApiProblem>> DeleteAsync(
        [Description("The message's id.")] string id,
        [Description("Address of its sender; left out: the only one that has used the id.")] string? from,
        IInbox inbox,
        CancellationToken cancellationToken)
    {
        if (!MessageId.TryParse(id, out var messageId))
            return MessagesApi.NotAnId(id);
        NodeAddress? sender = string.IsNullOrEmpty(from) ? null : NodeAddress.Parse(from);
        return await inbox.DeleteAsync(messageId, sender, cancellationToken) switch
        {
            DeleteResult.Deleted => TypedResults.NoContent(),
            DeleteResult.Ambiguous => new ApiProblem(StatusCodes.Status409Conflict, ApiErrorCodes.Conflict,
                $"More than one sender has used the id {messageId}; say whose message is meant with ?from=ADDRESS."),
            _ => new ApiProblem(StatusCodes.Status404NotFound, ErrorCodes.NotFound, $"There is no message {messageId} in the inbox{(sender is null ? "" : " from this sender")}."),
        };
    }

    internal static IResult Stream(
        [Description("Messages after this cursor; left out: from now on.")] string? after,
        [Description("Where a reader that lost its connection goes on; wins over after."), FromHeader(Name = "Last-Event-ID")] string? lastEventId,
        IInbox inbox,
        TimeProvider time,
        IHostApplicationLifetime lifetime,
        ILogger<InboxStream> logger)
    {
        if (!TryParseCursor(after, inbox.LastCursor, out var from))
            return NotACursor("after", after);
        // A browser reconnects to the same URL and adds the header, so the header is the newer of the two.
        if (!TryParseCursor(lastEventId, from, out from))
            return NotACursor("Last-Event-ID", lastEventId);
        return new InboxStream(inbox, from, time, lifetime, logger);
    }

    private static async Task<List<ReceivedMessage>> ReadPageAsync(IInbox inbox, long after, int limit, CancellationToken cancellationToken)
    {
        var page = new List<ReceivedMessage>();
        long bytes = 0;
        while (page.Count < limit && bytes < PageBytes)
        {
            var some = await inbox.ReadAsync(after, Math.Min(ReadAtOnce, limit - page.Count), cancellationToken);
            if (some.Count == 0)
                break;
            foreach (var message in some)
            {
                page.Add(ReceivedMessage.Of(message));
                bytes += message.Content.Length;
            }
            after = some[^1].Cursor;
        }
        return page;
    }

    private static bool TryParseCursor(string? text, long otherwise, out long cursor)
    {
        cursor = otherwise;
        return string.IsNullOrEmpty(text) || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out cursor);
    }

    private static ApiProblem NotACursor(string name, string? text) =>
        ApiProblem.Invalid($"{name} must be a cursor from an earlier message, or 0 for the beginning, not '{Printable.Bounded(text, 32)}'.");
}
