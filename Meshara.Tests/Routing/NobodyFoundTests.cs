using System.Net;
using System.Text.Json;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Routing;

/// <summary>Nodes that were told whom to join.</summary>
public sealed class NobodyFoundTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_that_found_nobody_to_join_says_so_in_ready()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync([], ("Mesh:Bootstrap", "tcp://127.0.0.1:1"));
        using var client = new HttpClient();
        await Eventually.TrueAsync(async () => await ReasonAsync(client, node, HttpStatusCode.ServiceUnavailable)
            is "found nobody at tcp://127.0.0.1:1: Cannot reach 127.0.0.1:1: Connection refused.", "it says whom it did not find");
    }

    [Fact]
    public async Task A_node_that_lost_all_it_joined_says_so_and_stays_ready()
    {
        await using var mesh = new MeshFixture();
        var first = await mesh.StartAsync();
        var second = await mesh.StartAsync();
        await second.BecomesReadyAsync();
        await first.StopAsync();
        using var client = new HttpClient();
        await Eventually.TrueAsync(async () => await ReasonAsync(client, second, HttpStatusCode.OK) is "no peer is connected", "it says that it is alone");
    }

    private static async ValueTask<string?> ReasonAsync(HttpClient client, MeshPeer node, HttpStatusCode status)
    {
        using var answer = await client.GetAsync(new Uri(node.Http, "ready"), Cancel);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel));
        var failed = body.RootElement.GetProperty("failed");
        return answer.StatusCode == status && failed.GetArrayLength() == 1 ? failed[0].GetProperty("reason").GetString() : null;
    }
}
