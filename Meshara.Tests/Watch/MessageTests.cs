using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Watch;

/// <summary>A message on the page.</summary>
[Collection(MeshCollection.Name)]
public sealed class MessageTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_is_followed_across_three_nodes()
    {
        // node-2 and the other one cannot be dialled, so node-1 relays between them.
        await using var mesh = await LocalMesh.StartAsync(2, Test, new Dictionary<string, string> { ["Mesh__Advertise"] = "none", ["MESHARA_LOG"] = "meshara=debug" });
        await using var far = await SingleNode.StartFromShellAsync(
            "export DOTNET_ENVIRONMENT=Development MESHARA_LOG=meshara=debug", Test, "--advertise", "none", "--bootstrap", mesh.Nodes[0].Endpoint.Mesh);
        await using var page = await PageServer.OpenAsync([.. mesh.Nodes.Select(PageServer.Watched), PageServer.Watched(far.Client)]);
        await page.ShowsAsync(3, "healthy");

        var id = await mesh.Nodes[1].SendAsync(far.Client, "a long way", Test);
        await far.Client.ReceiveAsync("a long way", Test);
        await mesh.Nodes[1].UntilAsync("knows that it arrived", async () => await mesh.Nodes[1].StateAsync(id, Test) == "acknowledged", Test);
        await page.ChooseAsync("message");
        await page.Page.FillAsync("#message-id", id);
        // A node records a span a moment after it ended.
        await page.Browser.HoldsAsync(
            "document.getElementById('message-found').textContent.startsWith('node-2 accepted it: acknowledged')"
            + " && document.querySelectorAll('#hops li').length === 2 && document.querySelectorAll('#lines tbody tr').length >= 4"
            + " || document.getElementById('message-found').textContent !== 'Asking the nodes…' && document.getElementById('message-find').click()");

        Assert.Equal(
            "n2>n1,n1>n3", await page.Page.EvaluateAsync<string>("meshara.map.drawn().edges.filter(edge => edge.hop).map(edge => `${edge.from}>${edge.to}`).join()"));
        var spans = await page.Page.InnerTextAsync("#spans");
        Assert.All(["send_message", "encrypt", "forward_message", "receive_message", "deliver", "node-1", "node-2", "shell"], part => Assert.Contains(part, spans, StringComparison.Ordinal));
        var lines = await page.Page.InnerTextAsync("#lines");
        Assert.All(["MessageCreated", "MessageReceived", "MessageDelivered"], part => Assert.Contains(part, lines, StringComparison.Ordinal));
        await page.Browser.TakeAsync("mesh-message");

        await page.Page.ClickAsync("#message-recent");
        await page.Page.ClickAsync($"#recent a[href='#message/{id}']");
        await page.Browser.HoldsAsync("document.querySelectorAll('#hops li').length === 2");
        Assert.Empty(page.Browser.Errors);
    }

    [Fact]
    public async Task A_message_that_nobody_knows_is_said_to_be_unknown()
    {
        await using var node = await SingleNode.StartAsync("node-1", [], Test);
        await using var page = await PageServer.OpenAsync([PageServer.Watched(node.Client)]);
        await page.ChooseAsync("message");

        await page.Page.FillAsync("#message-id", "not an id");
        await page.Page.ClickAsync("#message-find");
        await page.Browser.HoldsAsync("document.getElementById('message-found').textContent === 'A message id has 32 hexadecimal digits.'");
        await page.Page.FillAsync("#message-id", new string('a', 32));
        await page.Page.ClickAsync("#message-find");
        await page.Browser.HoldsAsync("document.getElementById('message-found').textContent.startsWith('No node knows')");
        // In Production a node keeps no diagnostics, which is said as well.
        await page.Browser.HoldsAsync("document.getElementById('message-parts').textContent.includes('node-1: keeps no recent traces and logs (Diagnostics:Enabled)')");
    }
}
