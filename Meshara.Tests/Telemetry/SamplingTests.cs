using System.Diagnostics;
using Meshara.Node.Delivery;
using Meshara.Node.Protocol;
using Meshara.ServiceDefaults.Telemetry;
using Meshara.Tests.Mesh;
using Microsoft.Extensions.Configuration;

namespace Meshara.Tests.Telemetry;

/// <summary>Each node decides once about a trace, and a message that is not recorded has no span at all.</summary>
[Collection(ExportCollection.Name)]
public sealed class SamplingTests
{
    private static readonly ActivityTraceId AnyTrace = ActivityTraceId.CreateRandom();

    [Fact]
    public async Task A_message_that_is_not_sampled_makes_no_span_on_either_node_but_tells_the_next_one_so()
    {
        await using var mesh = new MeshFixture(("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0"));
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        await using var peer = new TransportEnd();
        var received = new TaskCompletionSource<Node.Protocol.Wire.Envelope>(TaskCreationOptions.RunContinuationsAsynchronously);
        peer.OnFrame = (_, frame) =>
        {
            if (frame.Envelope is { } envelope)
                received.TrySetResult(envelope);
            return ValueTask.CompletedTask;
        };
        await peer.JoinAsync(nodes[0]);

        Assert.Equal(MessageState.Acknowledged, (await nodes[0].EndsAsync(await nodes[0].SendAsync(nodes[1], "not recorded"))).State);
        await nodes[0].Messenger.SendAsync(peer.Identity.Address, "x"u8.ToArray(), null, TestContext.Current.CancellationToken);
        var context = TraceContext.Read((await Eventually.InTimeAsync(received.Task)).TraceContext);

        Assert.NotEqual(default, context.TraceId);
        Assert.Equal(ActivityTraceFlags.None, context.TraceFlags);
        Assert.All(nodes, node => Assert.Empty(node.Spans.All));
    }

    [Fact]
    public async Task Half_of_the_messages_are_recorded_whole_when_half_are_to_be()
    {
        await using var mesh = new MeshFixture(("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "0.5"));
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        const int messages = 200;
        var ids = new List<MessageId>();
        for (var i = 0; i < messages; i++)
            ids.Add(await nodes[0].SendAsync(nodes[1], $"message {i}"));
        foreach (var id in ids)
            await nodes[0].EndsAsync(id);

        await Eventually.TrueAsync(
            () => Ended(nodes[0], "send_message") is var sent && sent.SetEquals(Ended(nodes[0], "write_bytes")) && sent.SetEquals(Ended(nodes[1], "receive_message")),
            "every part of the same traces is recorded, on both nodes");
        Assert.InRange(Ended(nodes[0], "send_message").Count, 60, 140); // the odds of leaving this range are below one in a million

        static HashSet<ActivityTraceId> Ended(MeshPeer node, string name) => [.. node.Spans.Named(name).Select(span => span.TraceId)];
    }

    [Fact]
    public async Task Nothing_listens_to_spans_when_none_is_ever_recorded()
    {
        await using var service = await ServiceDefaults.TestService.StartAsync(settings: new() { ["OTEL_TRACES_SAMPLER"] = "always_off" });
        Assert.False(service.Source.HasListeners());
    }

    [Theory]
    [InlineData("always_on", null, false, true)]
    [InlineData("ALWAYS_ON", null, false, true)]
    [InlineData("always_off", null, true, false)]
    [InlineData("traceidratio", "1", false, true)]
    [InlineData("traceidratio", "0", true, false)] // alone, a ratio does not ask the parent
    [InlineData("traceidratio", "wrong", false, true)] // the specification's default is 1
    [InlineData("parentbased_always_on", null, false, false)]
    [InlineData("parentbased_always_off", null, true, true)]
    [InlineData("parentbased_traceidratio", "0", true, true)]
    [InlineData("no such sampler", null, false, false)]
    public void The_samplers_of_the_specification_decide_about_a_callers_trace(string sampler, string? argument, bool parentIsSampled, bool recorded)
    {
        var sampling = TraceSampling.From(
            new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["OTEL_TRACES_SAMPLER"] = sampler, ["OTEL_TRACES_SAMPLER_ARG"] = argument }).Build(),
            isDevelopment: false);
        var parent = new ActivityContext(
            AnyTrace, ActivitySpanId.CreateRandom(), parentIsSampled ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None, isRemote: true);
        Assert.Equal(recorded, sampling.Records("request", ActivityKind.Server, parent, AnyTrace));
    }
}
