using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Meshara.Node.Delivery;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Tests.Stack.Local;
using Meshara.Tests.Storage;

namespace Meshara.Tests.Delivery;

/// <summary>A client that got no answer repeats its request, with <c>Idempotency-Key</c>.</summary>
public sealed class IdempotencyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeated_request_is_one_message_even_after_a_crash()
    {
        await using var node = await SingleNode.StartAsync("again", [], Cancel);
        var first = await IdAsync(node, "messages", "k-1", "hello");
        Assert.Equal(first, await IdAsync(node, "messages", "k-1", "hello"));
        Assert.NotEqual(first, await IdAsync(node, "messages", "k-2", "hello"));
        Assert.NotEqual(first, await IdAsync(node, "messages", null, "hello"));
        var broadcast = await IdAsync(node, "broadcasts", "b-1", "hello");
        Assert.Equal(broadcast, await IdAsync(node, "broadcasts", "b-1", "hello"));
        await node.Process.KillAsync(Cancel);
        await node.StartAsync(Cancel);
        Assert.Equal(first, await IdAsync(node, "messages", "k-1", "hello"));
        Assert.Equal(broadcast, await IdAsync(node, "broadcasts", "b-1", "hello"));
    }

    [Fact]
    public async Task Requests_at_the_same_time_under_one_key_are_one_message()
    {
        await using var node = await SingleNode.StartAsync("again", [], Cancel);
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => IdAsync(node, "messages", "k", "hello")));
        Assert.Single(ids.Distinct());
    }

    [Fact]
    public async Task A_key_that_was_used_for_another_message_is_refused()
    {
        await using var node = await SingleNode.StartAsync("again", [], Cancel);
        await IdAsync(node, "messages", "k", "hello");
        using var other = await PostAsync(node, "messages", "k", "good-bye");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        using var broadcast = await PostAsync(node, "broadcasts", "k", "hello");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, broadcast.StatusCode);
        using var tooLong = await PostAsync(node, "messages", new string('k', 256), "hello");
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
    }

    [Fact]
    public async Task A_broadcast_that_was_noted_and_never_sent_is_sent_when_the_request_is_repeated()
    {
        await using var node = await SingleNode.StartAsync("again", [], Cancel);
        await node.Process.StopAsync(Cancel);
        var noted = MessageId.Create(DateTimeOffset.UtcNow);
        using (var folder = new StoreFolder())
        await using (var store = folder.Open(node.Data))
        {
            // The state left by a node that died after recording the request and before sending the broadcast.
            var fingerprint = RequestFingerprint.Of(null, null, "hello"u8);
            var expires = DateTimeOffset.UtcNow + folder.Options.MaxCompletedAge;
            Assert.Null(await store.AppendOnceAsync(new RequestRecord("b", fingerprint, noted, expires), null, Cancel));
        }
        await node.StartAsync(Cancel);
        await using var reader = await SingleNode.StartAsync("reader", [node.Client], Cancel);

        Assert.Equal(noted.ToString(), await IdAsync(node, "broadcasts", "b", "hello"));
        Assert.Equal(noted.ToString(), await IdAsync(node, "broadcasts", "b", "hello"));
        await IdAsync(node, "broadcasts", "c", "the next");

        await reader.Client.UntilAsync("has the next broadcast, too", async () => (await TextsAsync(reader)).Contains("the next"), Cancel);
        Assert.Equal(["hello", "the next"], (await TextsAsync(reader)).Order());
    }

    private static async Task<IEnumerable<string>> TextsAsync(SingleNode node)
    {
        var inbox = await node.Client.Http.GetFromJsonAsync<JsonElement>("api/inbox", Cancel);
        return [.. inbox.GetProperty("messages").EnumerateArray().Select(message => message.GetProperty("text").GetString()!)];
    }

    private static async Task<string> IdAsync(SingleNode node, string path, string? key, string text)
    {
        using var answer = await PostAsync(node, path, key, text);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("id").GetString()!;
    }

    private static async Task<HttpResponseMessage> PostAsync(SingleNode node, string path, string? key, string text)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/{path}")
        {
            Content = path == "messages" ? JsonContent.Create(new { to = Samples.Friend.ToString(), text }) : JsonContent.Create(new { text }),
        };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        return await node.Client.Http.SendAsync(request, Cancel);
    }
}
