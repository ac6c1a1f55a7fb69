using System.Net;
using Meshara.Tests.Mesh;
using Meshara.Tests.Stack.Host;

namespace Meshara.Tests.Watch;

/// <summary>The page as a node serves it (<c>Console:Enabled</c>).</summary>
public sealed class NodePageTests
{
    private const string Token = "a-token-for-the-test";

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_node_serves_the_page_only_when_it_is_told_to()
    {
        await using var mesh = new MeshFixture();
        var (plain, serving) = (await mesh.StartAsync(), await mesh.StartAsync(("Console:Enabled", "true")));
        using var http = new HttpClient();

        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(plain.Http, "console/"), Test)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(plain.Http, "api/console/links"), Test)).StatusCode);
        using var page = await http.GetAsync(new Uri(serving.Http, "console"), Test);
        Assert.Equal("/console/", page.RequestMessage!.RequestUri!.AbsolutePath);
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(serving.Http, "console/..%2fMeshara.Watch.dll"), Test)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await http.GetAsync(new Uri(serving.Http, "api/console/messages/1"), Test)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(serving.Http, "api/console/runbooks/Nothing"), Test)).StatusCode);
    }

    [Fact]
    public async Task With_a_token_the_page_asks_for_it_and_shows_the_nodes_it_is_told_of()
    {
        Assert.SkipWhen(Browser.Program is null, "Chromium is not installed");
        await using var mesh = new MeshFixture(("Api:Token", Token));
        var other = await mesh.StartAsync();
        var serving = await mesh.StartAsync(("Console:Enabled", "true"), ("Console:Nodes", other.Http.ToString()));
        using (var http = new HttpClient())
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri(serving.Http, "api/console/events"), Test)).StatusCode);

        await using var browser = await Browser.StartAsync();
        await browser.GoAsync(new Uri(serving.Http, "console/").ToString());
        await browser.Page.FillAsync("#token", Token);
        await browser.Page.Keyboard.PressAsync("Enter");
        await browser.HoldsAsync("meshara.view()?.nodes.filter(node => node.condition === 'healthy').map(node => node.name).sort().join() === 'node-1,node-2'");
    }

    [Fact]
    public async Task A_setting_that_is_no_url_is_refused()
    {
        await using var mesh = new MeshFixture();
        var failure = await Assert.ThrowsAsync<Meshara.Node.MesharaException>(() => mesh.StartAsync(("Console:Nodes", "node-2:8080"), ("Console:Jaeger", "jaeger")));
        Assert.Contains("Console:Nodes 'node-2:8080' must be the URL of a node's API", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Console:Jaeger 'jaeger' must be a URL", failure.Message, StringComparison.Ordinal);
    }
}
