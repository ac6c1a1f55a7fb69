using System.Diagnostics;
using Meshara.Tests.Mesh;
using Meshara.Tests.Stack.Host;
using Meshara.Tests.Stack.Local;
using Microsoft.Playwright;

namespace Meshara.Tests.Watch;

/// <summary>The map, in a real browser, of real nodes.</summary>
[Collection(MeshCollection.Name)]
public sealed class MapTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_map_shows_nodes_connections_traffic_and_the_broadcast_tree()
    {
        await using var mesh = await LocalMesh.StartAsync(4, Test);
        mesh.Send(20);
        await mesh.Nodes[0].BroadcastAsync("a tree grows", Test);
        await using var page = await PageServer.OpenAsync(mesh.Nodes.Select(PageServer.Watched));

        await page.ShowsAsync(4, "healthy");
        await page.Browser.HoldsAsync("meshara.map.drawn().edges.length === 6 && meshara.view().parts.length === 1");
        await page.Browser.HoldsAsync("meshara.map.drawn().edges.filter(edge => edge.tree).length >= 3");
        await page.Browser.HoldsAsync("meshara.map.drawn().edges.some(edge => edge.width > 2) && meshara.view().totals.traffic.acknowledged > 0");
        Assert.Equal("true", await page.Page.EvaluateAsync<string>("String(new Set(meshara.map.drawn().nodes.map(node => node.colour)).size === 1)"));

        // Click the node on the map itself.
        var position = await page.Page.EvaluateAsync<float[]>("(() => { const p = meshara.map.rendered('n2'); return [p.x, p.y]; })()");
        await page.Page.ClickAsync("#canvas", new PageClickOptions { Position = new Position { X = position[0], Y = position[1] } });
        Assert.Contains(mesh.Nodes[1].Address, await page.Page.InnerTextAsync("#details"), StringComparison.Ordinal);
        Assert.Contains("Connections (3)", await page.Page.InnerTextAsync("#details"), StringComparison.Ordinal);
        await page.Browser.TakeAsync("mesh-map");
        Assert.Empty(page.Browser.Errors);
    }

    [Fact]
    public async Task A_killed_node_turns_red_where_it_was_and_green_nodes_stay()
    {
        await using var mesh = await LocalMesh.StartAsync(3, Test);
        await using var page = await PageServer.OpenAsync(mesh.Nodes.Select(PageServer.Watched));
        await page.ShowsAsync(3, "healthy");
        var place = await page.Page.EvaluateAsync<float>("meshara.map.drawn().nodes[2].x");

        using (var process = Process.GetProcessById(mesh.Nodes[2].Endpoint.Pid))
            process.Kill();
        var killed = Stopwatch.GetTimestamp();
        await page.Browser.HoldsAsync("meshara.map.drawn().nodes[2].condition === 'silent'");
        await Browser.NoteAsync("mesh-killed", $"seen after {Stopwatch.GetElapsedTime(killed).TotalSeconds:0.0} s");

        Assert.Equal("rgb(179,38,30)", await page.Page.EvaluateAsync<string>("meshara.map.drawn().nodes[2].colour"));
        await page.Browser.HoldsAsync("document.getElementById('changes').textContent.includes('node-3: no answer')");
        await page.Browser.HoldsAsync("meshara.map.drawn().edges.length === 1");
        Assert.Equal(place, await page.Page.EvaluateAsync<float>("meshara.map.drawn().nodes[2].x"));
        await page.Browser.HoldsAsync("document.querySelector('#nodes td.silent').textContent.startsWith('no answer')");
        await page.Browser.TakeAsync("mesh-killed");
    }

    [Fact]
    public async Task Two_meshes_that_do_not_know_each_other_are_two_parts()
    {
        await using var one = new MeshFixture();
        await using var other = new MeshFixture();
        List<MeshPeer> nodes = [.. await one.StartManyAsync(2), .. await other.StartManyAsync(3)];
        await using var page = await PageServer.OpenAsync(nodes.Select(PageServer.Watched));

        await page.Browser.HoldsAsync("meshara.view()?.parts.length === 2");
        await page.Browser.HoldsAsync("document.getElementById('notices').textContent.includes('The mesh is in 2 parts')");
        // They stand side by side: no node of one part is between those of the other.
        await page.Browser.HoldsAsync(
            "(() => { const x = Object.fromEntries(meshara.map.drawn().nodes.map(node => [node.id, node.x]));"
            + " const [a, b] = meshara.view().parts.map(part => part.map(id => x[id])); return Math.max(...a) < Math.min(...b) || Math.max(...b) < Math.min(...a); })()");
    }

    [Fact]
    public async Task A_peer_that_is_not_watched_is_shown_as_its_peers_see_it()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(3);
        await using var page = await PageServer.OpenAsync([PageServer.Watched(nodes[0])]);

        await page.ShowsAsync(2, "unwatched");
        await page.ShowsAsync(1, "healthy");
        Assert.Equal("node-1,node-2,node-3", await page.Page.EvaluateAsync<string>("meshara.map.drawn().nodes.map(node => node.label).sort().join()"));
    }

    [Fact]
    public async Task The_page_is_used_by_keyboard_alone()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        await using var page = await PageServer.OpenAsync(nodes.Select(PageServer.Watched));
        await page.ShowsAsync(2, "healthy");

        await page.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to the content", await page.Page.EvaluateAsync<string>("document.activeElement.textContent"));
        await TabToAsync(page, "document.activeElement.closest('#nodes td, #nodes th[scope=row]')?.textContent === 'node-2'");
        await page.Page.Keyboard.PressAsync("Enter");
        Assert.Contains(nodes[1].Address.ToString(), await page.Page.InnerTextAsync("#details"), StringComparison.Ordinal);
        await page.Page.FocusAsync("header nav a[href='#alerts']");
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Browser.HoldsAsync("!document.querySelector('[data-view=alerts]').hidden && document.activeElement.id === 'main'");
    }

    private static async Task TabToAsync(PageServer page, string condition)
    {
        for (var i = 0; i < 40 && !await page.Page.EvaluateAsync<bool>(condition); i++)
            await page.Page.Keyboard.PressAsync("Tab");
        Assert.True(await page.Page.EvaluateAsync<bool>(condition), condition);
    }
}
