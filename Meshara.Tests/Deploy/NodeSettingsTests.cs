using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Meshara.Harness;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Deploy;

/// <summary>Real nodes with the settings of Kubernetes: one node, three, and the survivors of a failure.</summary>
[Collection(MeshCollection.Name)]
public sealed class NodeSettingsTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Three_find_each_other_ask_for_the_token_and_come_back_after_all_were_killed_at_once()
    {
        await using var pods = new ImitatedPods(3);
        pods.Start(pods.Nodes);
        await pods.AreWholeAsync();
        foreach (var node in pods.Nodes)
            await IsAsSetAsync(pods, node);

        await pods.KillAsync(pods.Nodes);
        pods.Start(pods.Nodes);
        await pods.AreWholeAsync();
    }

    [Fact]
    public async Task One_alone_becomes_ready_and_is_well()
    {
        await using var pods = new ImitatedPods(1);
        pods.Start(pods.Nodes);
        await pods.AreWholeAsync();
    }

    [Fact]
    public async Task A_lone_survivor_lives_on_and_is_ready_again_after_a_restart()
    {
        await using var pods = new ImitatedPods(3);
        pods.Start(pods.Nodes);
        await pods.AreWholeAsync();
        var survivor = pods.Nodes[2];
        await pods.KillAsync(pods.Nodes[0], pods.Nodes[1]);

        // The base's probe reports the isolation. That of overlay production does not, so the node is not restarted.
        await pods.ProbeAsync(survivor, "health", HttpStatusCode.ServiceUnavailable);
        await pods.ProbeAsync(survivor, "live", HttpStatusCode.OK);
        await pods.ProbeAsync(survivor, "ready", HttpStatusCode.OK);

        await pods.KillAsync(survivor);
        pods.Start(survivor);
        await pods.ProbeAsync(survivor, "ready", HttpStatusCode.OK);
        using var client = pods.Client(survivor);
        using var accepted = await client.Http.PostAsJsonAsync("api/broadcasts", new { text = "is anybody there?" }, NodeClient.Json, Test);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
    }

    private static async Task IsAsSetAsync(ImitatedPods pods, StackNode node)
    {
        using var client = pods.Client(node);
        var identity = JsonSerializer.Deserialize<JsonElement>(await client.Http.GetStringAsync("api/node", Test));
        Assert.Equal(node.Name, identity.GetProperty("name").GetString());
        Assert.True(File.Exists(pods.Folder(node, "home/app/node/identity.key")));
        Assert.NotEmpty(Directory.GetFiles(pods.Folder(node, "var/log/meshara"), $"{node.Name}-*.log"));
        client.Http.DefaultRequestHeaders.Authorization = null;
        using var refused = await client.Http.GetAsync("api/node", Test);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
    }
}
