using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Meshara.Node.Identity;
using Meshara.Tests.Otlp;
using Meshara.Tests.Stack;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Telemetry;

/// <summary>
/// Unsampled messages that fail or are late are exported completely all the same. Each node is a separate process, because a listener
/// receives all spans of its process.
/// </summary>
[Collection(MeshCollection.Name)]
public sealed class KeptMessageTests
{
    private static readonly string[] Refusal = ["receive_message", "send_ack", "verify"];
    private static readonly string[] Sending =
        ["ack_received", "create_message", "encrypt", "find_route", "route_message", "send_message", "send_to_peer", "sign", "write_bytes"];

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_that_ends_badly_is_exported_whole_and_a_good_one_is_not()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var mesh = await LocalMesh.StartAsync(
            2, Test, Settings(receiver, slowerThan: "01:00:00"), ofLast: new Dictionary<string, string> { ["Delivery__MaxMessageBytes"] = "64" });
        var (sender, recipient) = (mesh.Nodes[0], mesh.Nodes[1]);
        using var nobody = NodeIdentity.Generate();

        var good = await EndAsync(sender, recipient.Address, "quick and good", 60, "acknowledged");
        var rejected = await EndAsync(sender, recipient.Address, new string('x', 4096), 60, "rejected");
        var expired = await EndAsync(sender, nobody.Address.ToString(), "to nobody", 1, "expired");
        await sender.UntilAsync("has exported both", () => Task.FromResult(
            Trace(receiver, rejected).Count(span => span.Origin.Instance == recipient.Address) == Refusal.Length && Trace(receiver, expired).Count > 0), Test);
        await mesh.StopAsync(Test); // exports the remaining spans

        Assert.Empty(Of(receiver, good));
        Assert.Equal(Sending, Names(receiver, rejected, sender));
        Assert.Equal(Refusal, Names(receiver, rejected, recipient));
        Assert.Superset(new HashSet<string> { "send_message", "route_message", "find_route" }, Names(receiver, expired, sender).ToHashSet());
        Assert.All([rejected, expired], id => Assert.Equal("error", Assert.Single(Trace(receiver, id), span => span.Name == "send_message").Status));
        Assert.All([rejected, expired], id => Assert.Distinct(Trace(receiver, id).Select(span => span.SpanId)));
        Assert.Empty(receiver.Faults);
    }

    [Fact]
    public async Task A_slow_message_is_exported_whole()
    {
        await using var receiver = await OtlpReceiver.StartAsync();
        await using var mesh = await LocalMesh.StartAsync(2, Test, Settings(receiver, slowerThan: "00:00:00.0000001"));
        var (sender, recipient) = (mesh.Nodes[0], mesh.Nodes[1]);
        var id = await EndAsync(sender, recipient.Address, "slow", 60, "acknowledged");
        await mesh.StopAsync(Test);

        Assert.Equal(Sending, Names(receiver, id, sender));
        Assert.Equal(["decrypt", "deliver", "receive_message", "send_ack", "verify"], Names(receiver, id, recipient));
        Assert.All(Trace(receiver, id), span => Assert.NotEqual("error", span.Status));
    }

    /// <summary>Settings without head sampling.</summary>
    private static Dictionary<string, string> Settings(OtlpReceiver receiver, string slowerThan) => new()
    {
        ["OTEL_TRACES_SAMPLER"] = "parentbased_traceidratio",
        ["OTEL_TRACES_SAMPLER_ARG"] = "0",
        ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = new Uri(receiver.Http, "v1/traces").ToString(),
        ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] = "http/protobuf",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
        ["Traces__KeepFailedAndSlow"] = "true",
        ["Traces__SlowerThan"] = slowerThan,
        ["Traces__MaxKeptPerSecond"] = "1000",
    };

    private static async Task<string> EndAsync(NodeClient sender, string to, string text, int seconds, string state)
    {
        using var answer = await sender.Http.PostAsJsonAsync("api/messages", new { to, text, ttl_seconds = seconds }, Test);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var id = (await answer.Content.ReadFromJsonAsync<JsonElement>(Test)).GetProperty("id").GetString()!;
        await sender.UntilAsync($"has {state} {id}", async () => await sender.StateAsync(id, Test) == state, Test);
        return id;
    }

    private static IEnumerable<OtlpSpan> Of(OtlpReceiver receiver, string id) =>
        receiver.Spans.Where(span => Equals(span.Attributes.GetValueOrDefault("message_id"), id));

    /// <summary>The trace of a message, from all nodes.</summary>
    private static List<OtlpSpan> Trace(OtlpReceiver receiver, string id)
    {
        var traces = Of(receiver, id).Select(span => span.TraceId).ToHashSet(StringComparer.Ordinal);
        return [.. receiver.Spans.Where(span => span.Origin.Scope == "Meshara" && traces.Contains(span.TraceId))];
    }

    private static IEnumerable<string> Names(OtlpReceiver receiver, string id, NodeClient node) =>
        Trace(receiver, id).Where(span => span.Origin.Instance == node.Address).Select(span => span.Name).Order(StringComparer.Ordinal);
}
