using System.Net;
using System.Text.Json;
using Meshara.Node.Delivery;
using Meshara.Tests.Api;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Routing;

/// <summary>Nodes with a bootstrap list that finds no one.</summary>
public sealed class NobodyFoundTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_that_found_nobody_to_join_says_so_in_ready()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync([], ("Mesh:Bootstrap", "tcp://127.0.0.1:1"), ("Routing:AloneAfter", "00:00:00"));
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

    [Fact]
    public async Task A_node_that_was_a_member_and_finds_nobody_takes_messages_and_says_so()
    {
        await using var mesh = new MeshFixture();
        var first = await mesh.StartAsync();
        var second = await mesh.StartAsync(("Routing:AloneAfter", "00:00:01"));
        await second.BecomesReadyAsync();
        await first.StopAsync();
        second = await mesh.RestartAsync(second);
        await second.BecomesReadyAsync();

        using var client = new HttpClient();
        Assert.Equal("no peer is connected", await ReasonAsync(client, second, HttpStatusCode.OK));
        var id = await second.SendAsync(first, "kept until you come back");
        first = await mesh.RestartAsync(first);
        await first.ReceivesAsync("kept until you come back");
        Assert.Equal(MessageState.Acknowledged, (await second.EndsAsync(id)).State);
    }

    [Fact]
    public async Task A_bootstrap_node_that_finds_only_itself_is_well_alone()
    {
        await using var mesh = new MeshFixture();
        var port = FreePort.Next();
        var node = await mesh.StartAsync(
            [],
            ("Mesh:Listen", $"127.0.0.1:{port}"),
            ("Mesh:Bootstrap", $"tcp://127.0.0.1:{port},tcp://127.0.0.1:1"),
            ("Routing:AloneAfter", "00:00:01"));
        await node.BecomesReadyAsync();

        using var client = new HttpClient();
        foreach (var path in (string[])["ready", "health", "live"])
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri(node.Http, path), Cancel)).StatusCode);

        // Once it has had a peer, it is like any other node that lost its peers.
        var other = await mesh.StartAsync();
        await other.BecomesReadyAsync();
        await Eventually.TrueAsync(() => node.IsConnectedTo(other), "the other one is its peer");
        await other.StopAsync();
        await Eventually.TrueAsync(async () => await ReasonAsync(client, node, HttpStatusCode.OK) is "no peer is connected", "it says that it is alone");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await client.GetAsync(new Uri(node.Http, "health"), Cancel)).StatusCode);
    }

    private static async ValueTask<string?> ReasonAsync(HttpClient client, MeshPeer node, HttpStatusCode status)
    {
        using var answer = await client.GetAsync(new Uri(node.Http, "ready"), Cancel);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancel));
        var failed = body.RootElement.GetProperty("failed");
        return answer.StatusCode == status && failed.GetArrayLength() == 1 ? failed[0].GetProperty("reason").GetString() : null;
    }
}
