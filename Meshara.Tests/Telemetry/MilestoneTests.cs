using System.Text.Json;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.ServiceDefaults.Diagnostics;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Telemetry;

/// <summary>Lines about single messages at the default level: milestones of recorded traces, and errors of failed messages.</summary>
[Collection(ExportCollection.Name)]
public sealed class MilestoneTests
{
    private static readonly (string, string)[] DefaultLevel = [("MESHARA_LOG", "off,meshara=info"), ("Diagnostics:Enabled", "true"), ("Delivery:RetryBase", "00:00:00.100")];

    [Fact]
    public async Task A_recorded_message_logs_its_milestones()
    {
        await using var mesh = new MeshFixture(DefaultLevel);
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        var id = $"{await nodes[0].SendAsync(nodes[1], "recorded")}";
        await Eventually.TrueAsync(() => nodes.Sum(node => LinesOf(node, id).Count) >= 4, "all milestones are logged");

        Assert.Equal(
            [
                "INFO meshara::network MessageCreated: Message created successfully, in send_message",
                "INFO meshara::network MessageRouted: Message routed successfully, in send_message",
                "INFO meshara::delivery MessageDelivered: Message acknowledged by its recipient, in send_message",
            ],
            LinesOf(nodes[0], id).Select(Text));
        Assert.Equal(["INFO meshara::delivery MessageReceived: Message received, in deliver"], LinesOf(nodes[1], id).Select(Text));
        Assert.All(LinesOf(nodes[0], id), line => Assert.Equal(nodes[1].Address.ToString(), line.GetProperty("recipient").GetString()));
        Assert.Single(nodes.SelectMany(node => LinesOf(node, id)).Select(line => line.GetProperty("trace_id").GetString()).Distinct());
    }

    [Fact]
    public async Task A_message_that_is_not_recorded_logs_nothing()
    {
        await using var mesh = new MeshFixture([.. DefaultLevel, ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0")]);
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        var id = await nodes[0].SendAsync(nodes[1], "not recorded");
        Assert.Equal(MessageState.Acknowledged, (await nodes[0].EndsAsync(id)).State);
        await nodes[1].ReceivesAsync("not recorded");
        Assert.Empty(nodes.SelectMany(node => LinesOf(node, $"{id}")));
    }

    [Fact]
    public async Task A_message_that_expires_is_one_error_however_many_attempts_failed()
    {
        await using var mesh = new MeshFixture(DefaultLevel);
        var node = (await mesh.StartManyAsync(1))[0];
        using var nobody = NodeIdentity.Generate();
        var id = await node.Messenger.SendAsync(nobody.Address, "x"u8.ToArray(), TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        Assert.Equal(MessageState.Expired, (await node.EndsAsync(id)).State);
        await Eventually.TrueAsync(() => LinesOf(node, $"{id}").Exists(line => line.GetProperty("event").GetString() == "MessageExpired"), "its end is logged");

        var lines = LinesOf(node, $"{id}");
        Assert.Equal(
            ["INFO meshara::network MessageCreated: Message created successfully, in send_message", "ERROR meshara::network MessageExpired: Failed to route message, in send_message"],
            lines.Select(Text));
        Assert.True(lines[^1].GetProperty("attempts").GetInt32() > 1);
        Assert.Equal("nobody in the mesh knows the recipient", lines[^1].GetProperty("cause").GetString());
    }

    [Fact]
    public async Task A_message_that_is_rejected_is_an_error_with_its_cause()
    {
        await using var mesh = new MeshFixture(DefaultLevel);
        var sender = await mesh.StartAsync();
        var small = await mesh.StartAsync(("Delivery:MaxMessageBytes", "64"));
        await Task.WhenAll(sender.BecomesReadyAsync(), small.BecomesReadyAsync());
        await mesh.AreAllConnectedAsync();
        var id = await sender.SendAsync(small, new string('x', 4096));
        Assert.Equal(MessageState.Rejected, (await sender.EndsAsync(id)).State);
        await Eventually.TrueAsync(() => LinesOf(sender, $"{id}").Exists(line => line.GetProperty("event").GetString() == "MessageRejected"), "its end is logged");

        var end = LinesOf(sender, $"{id}")[^1];
        Assert.Equal("ERROR meshara::network MessageRejected: Failed to route message, in send_message", Text(end));
        Assert.Equal("the recipient takes no messages of this size", end.GetProperty("cause").GetString());
    }

    /// <summary>A node's log lines about a message, in order.</summary>
    private static List<JsonElement> LinesOf(MeshPeer node, string id) =>
    [
        .. node.Get<RecentLogs>().Newest().Reverse().Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("message_id", out var message) && message.GetString() == id),
    ];

    private static string Text(JsonElement line) =>
        $"{Value(line, "level")} {Value(line, "target")} {Value(line, "event")}: {Value(line, "message")}, in {Value(line.GetProperty("span"), "name")}";

    private static string? Value(JsonElement line, string name) => line.TryGetProperty(name, out var value) ? value.GetString() : null;
}
