using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Meshara.Node.Api.Contracts;
using Meshara.Node.Storage;
using Microsoft.AspNetCore.Http.Features;

namespace Meshara.Node.Api;

/// <summary>
/// Streams received messages as server-sent events (HTML standard, section 9.2) until the reader leaves or the node stops:
/// <code>
/// id: 42
/// event: message
/// data: {"cursor":42,…}
/// </code>
/// </summary>
/// <remarks>
/// Written by hand because the framework's <c>TypedResults.ServerSentEvents</c> cannot write comment lines. A meaningless event
/// would not do instead: readers would have to know and skip it.
/// </remarks>
internal sealed partial class InboxStream(
    IInbox inbox, long after, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<InboxStream> logger) : IResult
{
    /// <summary>Media type of server-sent events.</summary>
    public const string ContentType = "text/event-stream";

    /// <summary>Interval between heartbeats, as the standard advises because proxies drop idle connections.</summary>
    public static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await StartAsync(httpContext, end.Token);
            await CopyAsync(httpContext.Response.BodyWriter, Start(httpContext.Response.BodyWriter), end);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The reader left or the node stops; both end a stream normally.
        }
        catch (MesharaException exception)
        {
            // The status has been sent already; aborting the connection tells the reader that this is not a regular end.
            Log.StreamFailed(logger, exception);
            httpContext.Abort();
        }
    }

    private static async Task StartAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var response = context.Response;
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-store";
        // Proxies that buffer answers would hold back every event (this is nginx's header to turn that off).
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        await response.StartAsync(cancellationToken);
        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    /// <summary>Where the stream begins: a cursor of an inbox that no longer exists would never be followed by anything.</summary>
    private long Start(PipeWriter body)
    {
        var last = inbox.LastCursor;
        if (after <= last)
            return after;
        body.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $"id: 0\nevent: reset\ndata: {{\"after\":{after},\"last\":{last}}}\n\n")));
        return 0;
    }

    private async Task CopyAsync(PipeWriter body, long start, CancellationTokenSource end)
    {
        await body.FlushAsync(end.Token);
        var messages = inbox.FollowAsync(start, end.Token).GetAsyncEnumerator(end.Token);
        var next = messages.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                // The wait may time out or be cancelled while the read continues; only the read itself tells what happened.
                await ((Task)next).WaitAsync(HeartbeatInterval, time, end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                end.Token.ThrowIfCancellationRequested();
                if (!next.IsCompleted)
                    body.Write(": heartbeat\n\n"u8);
                else if (await next)
                {
                    Write(body, ReceivedMessage.Of(messages.Current));
                    next = messages.MoveNextAsync().AsTask();
                }
                else
                    return;
                await body.FlushAsync(end.Token);
            }
        }
        finally
        {
            // An enumerator must not be disposed while a read is in flight.
            await end.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await messages.DisposeAsync();
        }
    }

    private static void Write(PipeWriter body, ReceivedMessage message)
    {
        body.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {message.Cursor}\nevent: message\ndata: ")));
        // Compact JSON has no line breaks, so it fits one data line.
        using (var json = new Utf8JsonWriter((IBufferWriter<byte>)body))
            JsonSerializer.Serialize(json, message, MeshJson.Default.ReceivedMessage);
        body.Write("\n\n"u8);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 1, EventName = "InboxStreamFailed", Level = LogLevel.Warning, Message = "Inbox stream broken off, the inbox cannot be read")]
        public static partial void StreamFailed(ILogger logger, Exception exception);
    }
}
