using System.Net;
using System.Security.Cryptography;
using Meshara.Tests.Deploy;
using k8s.Models;

namespace Meshara.Tests.Containers;

/// <summary>The node's image with the settings of its Kubernetes pods, started by name in no particular order.</summary>
public sealed class KubernetesContainerTests(ContainerStack stack) : IClassFixture<ContainerStack>, IAsyncDisposable
{
    private readonly string _token = RandomNumberGenerator.GetHexString(16);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => stack.ReportAsync();

    [Fact]
    public async Task One_is_ready_alone_three_come_back_after_all_were_killed_and_a_lone_survivor_serves()
    {
        var image = await stack.Images.UseNodeAsync();
        var logs = await MeshOfThree.LogVolumeAsync(stack);
        var first = await StartAsync("node-1");
        await ProbeAsync(first, "health", HttpStatusCode.OK);

        // Scale up: the others find the node that was alone.
        NodeContainer[] nodes = [first, .. await Task.WhenAll(StartAsync("node-2"), StartAsync("node-3"))];
        await AreWholeAsync(nodes);
        await nodes[0].Client.SendAsync(nodes[2].Client, "before all were killed", Test);

        await Task.WhenAll(nodes.Select(node => node.KillAsync()));
        await Task.WhenAll(nodes.Select(node => node.StartAgainAsync()));
        await AreWholeAsync(nodes);
        await nodes[2].Client.ReceiveAsync("before all were killed", Test);

        await Task.WhenAll(nodes[0].KillAsync(), nodes[1].KillAsync());
        await ProbeAsync(nodes[2], "health", HttpStatusCode.ServiceUnavailable);
        await ProbeAsync(nodes[2], "live", HttpStatusCode.OK);
        await ProbeAsync(nodes[2], "ready", HttpStatusCode.OK);
        await nodes[2].KillAsync();
        await nodes[2].StartAgainAsync();
        Assert.NotEmpty(await nodes[2].Client.BroadcastAsync("is anybody there?", Test));

        Task<NodeContainer> StartAsync(string name) =>
            NodeContainer.StartAsync(stack, image, $"{name}.mesh", _token, [], Settings(name), logs);
    }

    private Dictionary<string, string> Settings(string name)
    {
        var settings = ImitatedPods.Container.Env.ToDictionary(setting => setting.Name, setting => setting switch
        {
            { ValueFrom.FieldRef.FieldPath: "metadata.name" } => name,
            { ValueFrom.SecretKeyRef.Key: "token" } => _token,
            { Value: { } value } => value.Replace("$(Node__Name)", name, StringComparison.Ordinal),
            _ => throw new InvalidDataException($"{setting.Name} comes from somewhere this test does not know."),
        }, StringComparer.Ordinal);
        // Half a minute in a cluster.
        settings["Routing__AloneAfter"] = "00:00:02";
        return settings;
    }

    private static Task ProbeAsync(NodeContainer node, string path, HttpStatusCode expected) => node.Client.UntilAsync(
        $"answers {path} with {expected}", async () => (await node.Client.Http.GetAsync(path, Test)).StatusCode == expected, Test);

    private Task AreWholeAsync(NodeContainer[] nodes) => stack.UntilAsync("every node is connected to both others", async () =>
    {
        foreach (var node in nodes)
        {
            if ((await node.Client.PeersAsync(Test)).Count != nodes.Length - 1)
                return false;
        }
        return true;
    });
}
