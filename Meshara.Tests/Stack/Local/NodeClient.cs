using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Meshara.Tests.Stack.Local;

/// <summary>A running node, used through its HTTP API as an operator would. Every wait has a deadline.</summary>
internal sealed class NodeClient : IDisposable
{
    /// <summary>Longer than anything takes on a busy machine; reached only if a test fails.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public NodeClient(NodeEndpoint endpoint)
    {
        Endpoint = endpoint;
        Http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(endpoint.Http), Timeout = Deadline };
    }

    /// <summary>The node's addresses.</summary>
    public NodeEndpoint Endpoint { get; }

    /// <summary>For requests that the methods below do not cover.</summary>
    public HttpClient Http { get; }

    public string Name => Endpoint.Name;

    public string Address => Endpoint.Address;

    /// <summary>Sends a private message and returns its id.</summary>
    public Task<string> SendAsync(NodeClient to, string text, CancellationToken test) => PostAsync("api/messages", new { to = to.Address, text }, test);

    /// <summary>Sends a broadcast and returns its id.</summary>
    public Task<string> BroadcastAsync(string text, CancellationToken test) => PostAsync("api/broadcasts", new { text }, test);

    /// <summary>The state of a message this node sent, as the API names it.</summary>
    public async Task<string> StateAsync(string id, CancellationToken test) =>
        (await Http.GetFromJsonAsync<JsonElement>($"api/messages/{id}", test)).GetProperty("state").GetString()!;

    /// <summary>Addresses of the peers this node is connected to.</summary>
    public async Task<IReadOnlyList<string>> PeersAsync(CancellationToken test) =>
    [
        .. (await Http.GetFromJsonAsync<JsonElement>("api/peers", test)).GetProperty("peers").EnumerateArray()
            .Select(peer => peer.GetProperty("address").GetString()!),
    ];

    /// <summary>Reads the inbox from its beginning until a message with this text has arrived.</summary>
    public async Task<ReceivedMessage> ReceiveAsync(string text, CancellationToken test)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(test);
        limit.CancelAfter(Deadline);
        try
        {
            await using var stream = await Http.GetStreamAsync("api/inbox/stream?after=0", limit.Token);
            await foreach (var item in SseParser.Create(stream, (_, data) => JsonSerializer.Deserialize<ReceivedMessage>(data, Json)).EnumerateAsync(limit.Token))
            {
                if (item.Data?.Text == text)
                    return item.Data;
            }
        }
        catch (OperationCanceledException) when (!test.IsCancellationRequested)
        {
            throw new TimeoutException($"{Name} did not receive '{text}' within {Deadline.TotalSeconds} s.");
        }

        throw new InvalidOperationException($"{Name} ended its inbox stream before '{text}' arrived.");
    }

    /// <summary>Polls until a condition holds.</summary>
    /// <param name="what">Completes the sentence "node-1 …" in the failure message.</param>
    /// <param name="condition">The condition; a node that does not answer counts as false.</param>
    /// <param name="test">The test's token.</param>
    public async Task UntilAsync(string what, Func<Task<bool>> condition, CancellationToken test)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(test);
        limit.CancelAfter(Deadline);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (!await HoldsAsync(condition))
                await timer.WaitForNextTickAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!test.IsCancellationRequested)
        {
            throw new TimeoutException($"{Name} {what}: not within {Deadline.TotalSeconds} s.");
        }
    }

    /// <summary>Changes what the node logs; the filter has the syntax of <c>MESHARA_LOG</c>.</summary>
    public async Task SetLogLevelAsync(string filter, CancellationToken test)
    {
        using var response = await Http.PutAsJsonAsync("api/diagnostics/log-level", new { filter }, Json, test);
        Assert.True(response.IsSuccessStatusCode, $"{Name} does not take the log filter '{filter}': {(int)response.StatusCode}");
    }

    public void Dispose() => Http.Dispose();

    private static async Task<bool> HoldsAsync(Func<Task<bool>> condition)
    {
        try
        {
            return await condition();
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<string> PostAsync(string path, object body, CancellationToken test)
    {
        using var response = await Http.PostAsJsonAsync(path, body, Json, test);
        var text = await response.Content.ReadAsStringAsync(test);
        Assert.True(response.StatusCode == System.Net.HttpStatusCode.Accepted, $"{Name} answered {(int)response.StatusCode} to {path}: {text}");
        return JsonSerializer.Deserialize<JsonElement>(text).GetProperty("id").GetString()!;
    }
}
