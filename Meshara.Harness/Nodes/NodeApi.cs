using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Meshara.Harness.Nodes;

/// <summary>A client for the parts of a node's HTTP API that the host uses.</summary>
internal sealed class NodeApi : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient _client;

    /// <param name="address">Base address of the node's API.</param>
    /// <param name="token">The bearer token; null or empty if the nodes ask for none.</param>
    /// <param name="connect">See <see cref="NodeLaunch.Connect"/>.</param>
    public NodeApi(Uri address, string? token, NodeConnector? connect = null)
    {
        // The inbox stream has no end, so each call sets its own timeout.
        _client = new HttpClient(CreateHandler(connect))
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (!string.IsNullOrEmpty(token))
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    /// <summary>Creates the handler for HTTP calls to a node.</summary>
    public static SocketsHttpHandler CreateHandler(NodeConnector? connect)
    {
        // The nodes are on this machine, so a proxy set in the environment must not be used.
        var handler = new SocketsHttpHandler { UseProxy = false, ConnectTimeout = CallTimeout };
        if (connect is not null)
            handler.ConnectCallback = async (context, cancellationToken) => await connect(context.DnsEndPoint.Port, cancellationToken);
        return handler;
    }

    /// <summary>True if the node answers and has joined the mesh.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        try
        {
            using var response = await _client.GetAsync("ready", limit.Token);
            return response.IsSuccessStatusCode;
        }
        catch (Exception exception) when (IsTransport(exception, cancellationToken))
        {
            return false;
        }
    }

    /// <summary>The node's name and address; null if it did not answer.</summary>
    public async Task<NodeIdentity?> TryGetIdentityAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        try
        {
            return await _client.GetFromJsonAsync<NodeIdentity>("api/node", Json, limit.Token);
        }
        catch (Exception exception) when (exception is JsonException || IsTransport(exception, cancellationToken))
        {
            return null;
        }
    }

    /// <summary>The node's health; null if it did not answer.</summary>
    public async Task<NodeHealth?> TryGetHealthAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        try
        {
            // 503 carries the same body: an unhealthy node still knows its peers.
            using var response = await _client.GetAsync("health", limit.Token);
            return await response.Content.ReadFromJsonAsync<NodeHealth>(Json, limit.Token);
        }
        catch (Exception exception) when (exception is JsonException || IsTransport(exception, cancellationToken))
        {
            return null;
        }
    }

    /// <summary>The node's live connections; null if it did not answer.</summary>
    public async Task<IReadOnlyList<PeerLink>?> TryGetPeersAsync(CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        try
        {
            return (await _client.GetFromJsonAsync<PeersAnswer>("api/peers", Json, limit.Token))?.Peers;
        }
        catch (Exception exception) when (exception is JsonException || IsTransport(exception, cancellationToken))
        {
            return null;
        }
    }

    /// <summary>Hands the node a private message.</summary>
    /// <param name="recipient">The recipient's address.</param>
    /// <param name="text">Its content.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <param name="timeToLive">Sent in whole seconds; null for the node's default.</param>
    public Task<SendAnswer> SendAsync(string recipient, string text, CancellationToken cancellationToken, TimeSpan? timeToLive = null) =>
        PostAsync("api/messages", new OutgoingMessage(recipient, text, (long?)timeToLive?.TotalSeconds), cancellationToken);

    /// <summary>Hands the node a broadcast.</summary>
    public Task<SendAnswer> BroadcastAsync(string text, CancellationToken cancellationToken) =>
        PostAsync("api/broadcasts", new OutgoingMessage(null, text, null), cancellationToken);

    /// <summary>The state of a message that this node accepted; null if the node does not know the message or did not answer.</summary>
    /// <param name="id">The message's id.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<SentMessage?> TryGetMessageAsync(string id, CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        try
        {
            return await _client.GetFromJsonAsync<SentMessage>($"api/messages/{id}", Json, limit.Token);
        }
        catch (Exception exception) when (exception is JsonException || IsTransport(exception, cancellationToken))
        {
            return null;
        }
    }

    /// <summary>A page of the inbox; null if the node did not answer.</summary>
    /// <param name="after">Cursor at which the previous page ended; 0 for the first page.</param>
    /// <param name="limit">Maximum number of messages, 1 to 1000.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task<InboxPage?> TryReadInboxAsync(long after, int limit, CancellationToken cancellationToken)
    {
        using var timeLimit = Limit(cancellationToken);
        try
        {
            return await _client.GetFromJsonAsync<InboxPage>(
                string.Create(CultureInfo.InvariantCulture, $"api/inbox?after={after}&limit={limit}"), Json, timeLimit.Token);
        }
        catch (Exception exception) when (exception is JsonException || IsTransport(exception, cancellationToken))
        {
            return null;
        }
    }

    /// <summary>Streams the messages that arrive in the inbox, until the stream ends or breaks.</summary>
    /// <param name="after">Cursor of the last message seen; null to start with new messages.</param>
    /// <param name="opened">Called once the node has accepted the subscription; later arrivals are not missed.</param>
    /// <param name="cancellationToken">Ends the stream.</param>
    /// <exception cref="HttpRequestException">The node does not answer, refused the request or disconnected.</exception>
    public async IAsyncEnumerable<InboxArrival> FollowInboxAsync(
        string? after, Action opened, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = after is null ? "api/inbox/stream" : $"api/inbox/stream?after={Uri.EscapeDataString(after)}";
        using var response = await _client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        opened();
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var parser = SseParser.Create(stream, static (_, data) => JsonSerializer.Deserialize<InboxEvent>(data, Json));
        await foreach (var item in parser.EnumerateAsync(cancellationToken))
        {
            if (item.Data is { } message)
                yield return new InboxArrival(parser.LastEventId, message.Type == "broadcast", message.Text);
        }
    }

    public void Dispose() => _client.Dispose();

    private async Task<SendAnswer> PostAsync(string path, OutgoingMessage message, CancellationToken cancellationToken)
    {
        using var limit = Limit(cancellationToken);
        try
        {
            using var response = await _client.PostAsJsonAsync(path, message, Json, limit.Token);
            if (response.StatusCode != HttpStatusCode.Accepted)
                return new SendAnswer(Acceptance.Refused) { Status = response.StatusCode, RetryAfter = response.Headers.RetryAfter?.Delta };
            var accepted = await response.Content.ReadFromJsonAsync<AcceptedMessage>(Json, limit.Token);
            return new SendAnswer(Acceptance.Accepted) { Status = response.StatusCode, Id = accepted?.Id };
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ConnectionError)
        {
            // No connection was made, so the node cannot have accepted the message.
            return new SendAnswer(Acceptance.Refused);
        }
        catch (Exception exception) when (exception is JsonException || IsTransport(exception, cancellationToken))
        {
            return new SendAnswer(Acceptance.Unknown);
        }
    }

    private static CancellationTokenSource Limit(CancellationToken cancellationToken)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallTimeout);
        return limit;
    }

    // A call that times out is a failure of the node; one that the caller cancels is not.
    private static bool IsTransport(Exception exception, CancellationToken cancellationToken) =>
        exception is HttpRequestException or IOException
        || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private sealed record OutgoingMessage(
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? To,
        string Text,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? TtlSeconds);

    private sealed record PeersAnswer(IReadOnlyList<PeerLink> Peers);

    private sealed record InboxEvent(string Type, string? Text);

    private sealed record AcceptedMessage(string Id);
}
