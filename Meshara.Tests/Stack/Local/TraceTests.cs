using System.Text.Json;

namespace Meshara.Tests.Stack.Local;

/// <summary>The trace of one message across two processes, as their logs show it.</summary>
[Collection(MeshCollection.Name)]
public sealed class TraceTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_trace_of_a_message_goes_on_at_its_recipient()
    {
        var environment = new Dictionary<string, string> { ["OTEL_TRACES_SAMPLER"] = "always_on" };
        await using var mesh = await LocalMesh.StartAsync(2, Test, environment: environment);
        var (sender, recipient) = (mesh.Nodes[0], mesh.Nodes[1]);

        var id = await sender.SendAsync(recipient, "follow me", Test);
        await recipient.ReceiveAsync("follow me", Test);

        var routed = await LineAsync(mesh, sender, "MessageRouted", id);
        var received = await LineAsync(mesh, recipient, "MessageReceived", id);
        Assert.Equal(routed.GetProperty("trace_id").GetString(), received.GetProperty("trace_id").GetString());
        Assert.NotEqual(routed.GetProperty("span_id").GetString(), received.GetProperty("span_id").GetString());
        Assert.Equal(("send_message", sender.Address), SpanOf(routed));
        Assert.Equal(("deliver", recipient.Address), SpanOf(received));
        Assert.Equal(("INFO", "meshara::network"), LevelAndTargetOf(routed));
        Assert.Equal(("INFO", "meshara::delivery"), LevelAndTargetOf(received));
    }

    private static (string?, string?) SpanOf(JsonElement line) =>
        (line.GetProperty("span").GetProperty("name").GetString(), line.GetProperty("span").GetProperty("node_id").GetString());

    private static (string?, string?) LevelAndTargetOf(JsonElement line) => (line.GetProperty("level").GetString(), line.GetProperty("target").GetString());

    /// <summary>The node's log line of an event about a message. Logs are written asynchronously, so it may take a moment.</summary>
    private static async Task<JsonElement> LineAsync(LocalMesh mesh, NodeClient node, string name, string messageId)
    {
        JsonElement? found = null;
        await node.UntilAsync($"has logged {name}", async () =>
        {
            found = (await ReadLinesAsync(mesh.Files.Log(node.Name)))
                .Where(line => line.TryGetProperty("event", out var e) && e.GetString() == name)
                .Where(line => line.TryGetProperty("message_id", out var message) && message.GetString() == messageId)
                .Cast<JsonElement?>()
                .FirstOrDefault();
            return found is not null;
        }, Test);
        return found!.Value;
    }

    private static async Task<List<JsonElement>> ReadLinesAsync(string path)
    {
        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        var text = await reader.ReadToEndAsync(Test);
        // The last line may be incomplete.
        return [.. text.Split('\n')[..^1].Where(line => line.StartsWith('{')).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }
}
