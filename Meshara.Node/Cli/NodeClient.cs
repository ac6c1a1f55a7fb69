using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Meshara.Node.Api;
using Meshara.Node.Api.Contracts;
using Meshara.Watch;
using Meshara.Watch.Mesh;

namespace Meshara.Node.Cli;

/// <summary>
/// A typed client of one node's HTTP API. Every failure is a <see cref="MesharaException"/> with one clear sentence.
/// </summary>
internal sealed class NodeClient : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5), AnswerTimeout = TimeSpan.FromSeconds(30);

    /// <summary>A little more than two heartbeats: a stream that is silent for longer is dead.</summary>
    private static readonly TimeSpan SilenceTimeout = InboxStream.HeartbeatInterval * 2 + TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;
    private readonly string _name;

    /// <param name="node">Base URL of the API.</param>
    /// <param name="token">Bearer token; null for none.</param>
    public NodeClient(Uri node, string? token)
    {
        _name = node.GetLeftPart(UriPartial.Path).TrimEnd('/');
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            // A node is reached directly and answers itself: the token must not go to a proxy or follow a redirect.
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
        })
        {
            BaseAddress = new Uri(_name + '/'),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (token is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public Task<NodeResponse> GetNodeAsync(CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Get, "api/node", null, MeshJson.Default.NodeResponse, cancellationToken);

    public Task<PeersResponse> GetPeersAsync(CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Get, "api/peers", null, MeshJson.Default.PeersResponse, cancellationToken);

    /// <summary>Gets the health body; that of an unhealthy node is an ordinary answer.</summary>
    public Task<HealthReport> GetHealthAsync(CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Get, "health", null, MeshJson.Default.HealthReport, cancellationToken, HttpStatusCode.ServiceUnavailable);

    public Task<AcceptedResponse> SendAsync(SendRequest request, CancellationToken cancellationToken) => CallAsync(
        HttpMethod.Post, "api/messages", JsonContent.Create(request, MeshJson.Default.SendRequest), MeshJson.Default.AcceptedResponse, cancellationToken);

    public Task<AcceptedResponse> BroadcastAsync(BroadcastRequest request, CancellationToken cancellationToken) => CallAsync(
        HttpMethod.Post, "api/broadcasts", JsonContent.Create(request, MeshJson.Default.BroadcastRequest), MeshJson.Default.AcceptedResponse, cancellationToken);

    public Task<MessageResponse> GetMessageAsync(string id, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Get, $"api/messages/{id}", null, MeshJson.Default.MessageResponse, cancellationToken);

    public Task<InboxResponse> ReadInboxAsync(long after, int limit, CancellationToken cancellationToken) => CallAsync(
        HttpMethod.Get, FormattableString.Invariant($"api/inbox?after={after}&limit={limit}"), null, MeshJson.Default.InboxResponse, cancellationToken);

    /// <summary>Yields messages as they arrive, until the node ends the stream.</summary>
    /// <param name="after">A cursor; null for messages from now on.</param>
    public async IAsyncEnumerable<ReceivedMessage> FollowInboxAsync(long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = after is { } cursor ? FormattableString.Invariant($"api/inbox/stream?after={cursor}") : "api/inbox/stream";
        await foreach (var (type, data) in StreamAsync(path, cancellationToken))
        {
            if (type == "message")
                yield return Parse(data, MeshJson.Default.ReceivedMessage);
        }
    }

    /// <summary>Yields the views of the mesh's page as they come, until it ends the stream.</summary>
    public async IAsyncEnumerable<MeshView> FollowViewsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (type, data) in StreamAsync("api/console/events", cancellationToken))
        {
            if (type == "mesh")
                yield return Parse(data, WatchJson.Default.MeshView);
        }
    }

    private async IAsyncEnumerable<(string Type, byte[] Data)> StreamAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        silence.CancelAfter(AnswerTimeout);
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var response = await GuardAsync(() => OpenAsync(request, InboxStream.ContentType, silence.Token), cancellationToken);
        await using var body = new LivelyStream(await response.Content.ReadAsStreamAsync(cancellationToken), silence, SilenceTimeout);
        await using var events = SseParser.Create(body, (_, data) => data.ToArray()).EnumerateAsync(silence.Token).GetAsyncEnumerator(silence.Token);
        while (await GuardAsync(() => events.MoveNextAsync().AsTask(), cancellationToken))
            yield return (events.Current.EventType, events.Current.Data);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private Task<T> CallAsync<T>(
        HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> type, CancellationToken cancellationToken, HttpStatusCode? alsoFine = null) =>
        GuardAsync(
            async () =>
            {
                using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                timeout.CancelAfter(AnswerTimeout);
                using var request = new HttpRequestMessage(method, path) { Content = content };
                using var response = await OpenAsync(request, "application/json", timeout.Token, alsoFine);
                return Parse(await response.Content.ReadAsByteArrayAsync(timeout.Token), type);
            },
            cancellationToken);

    private async Task<HttpResponseMessage> OpenAsync(
        HttpRequestMessage request, string mediaType, CancellationToken cancellationToken, HttpStatusCode? alsoFine = null)
    {
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        try
        {
            var given = response.Content.Headers.ContentType?.MediaType;
            if ((response.IsSuccessStatusCode || response.StatusCode == alsoFine) && given == mediaType)
                return response;
            if (response.IsSuccessStatusCode || given != ApiProblem.ContentType)
                throw NotANode($"HTTP {(int)response.StatusCode}, {Printable.Bounded(given ?? "no content type", 64)}");
            var problem = Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken), MeshJson.Default.Problem);
            throw new MesharaException(problem.Code, problem.Detail);
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    /// <summary>Reports the many exceptions of the network in one sentence each.</summary>
    private async Task<T> GuardAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call();
        }
        catch (HttpRequestException exception)
        {
            throw Unreachable($"No node answers at {_name} ({exception.GetBaseException().Message.TrimEnd('.')}).", exception);
        }
        catch (IOException exception)
        {
            throw Unreachable($"The connection to {_name} broke ({exception.GetBaseException().Message.TrimEnd('.')}).", exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable($"The node at {_name} did not answer in time.", exception);
        }
    }

    private T Parse<T>(byte[] json, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw NotANode("null");
        }
        catch (JsonException)
        {
            throw NotANode("its answer has another form");
        }
    }

    private MesharaException NotANode(string why) =>
        new(ErrorCodes.Unreachable, $"What answers at {_name} is not a Meshara node's API ({why}). Name the node with --node URL or MESHARA_NODE.");

    private static MesharaException Unreachable(string what, Exception cause) =>
        new(ErrorCodes.Unreachable, $"{what} Is it running? Name another with --node URL or MESHARA_NODE.", cause);
}
