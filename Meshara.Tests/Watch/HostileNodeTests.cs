using Meshara.Tests.Mesh;
using Microsoft.AspNetCore.Http;

namespace Meshara.Tests.Watch;

/// <summary>Nodes that lie, stall or answer megabytes: the page goes on, and says which they are.</summary>
public sealed class HostileNodeTests
{
    private const string Markup = "<img src=x onerror=\"globalThis.hacked=1\"><script>globalThis.hacked=1</script>";

    [Fact]
    public async Task Every_node_that_misbehaves_is_named_and_the_others_are_shown()
    {
        await using var mesh = new MeshFixture();
        var honest = await mesh.StartManyAsync(2);
        await using var stalled = await HostileNode.StartAsync("stalled", misbehave: async context =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return true;
        });
        await using var huge = await HostileNode.StartAsync("huge", misbehave: async context => context.Request.Path == "/api/peers" && await FloodAsync(context));
        await using var slow = await HostileNode.StartAsync("trickle", misbehave: async context => context.Request.Path == "/metrics" && await TrickleAsync(context));
        await using var broken = await HostileNode.StartAsync("broken", misbehave: async context => context.Request.Path == "/health" && await WriteAsync(context, "<html>"));
        await using var absurd = await HostileNode.StartAsync("absurd", misbehave: async context => context.Request.Path == "/metrics" && await WriteAsync(context, "meshara_message_queue_size NaN\nmeshara_errors_total -1\n"));
        await using var liar = await HostileNode.StartAsync("liar", HostileNode.Peer(honest[0].Address.ToString(), "node-1"));
        await using var page = await PageServer.OpenAsync(
            [.. honest.Select(PageServer.Watched), stalled.Watched, huge.Watched, slow.Watched, broken.Watched, absurd.Watched, liar.Watched]);

        await page.ShowsAsync(2, "healthy");
        await page.ShowsAsync(1, "silent");
        await page.ShowsAsync(5, "suspect");
        foreach (var (name, problem) in new[]
        {
            ("huge", "/api/peers answers more than 1024 KiB"), ("trickle", "/metrics is not answered within 2 s"), ("broken", "/health answers something else than a node does"),
            ("absurd", "/metrics has values that cannot be true"), ("liar", "it claims a connection that node-1 does not have"),
        })
            await page.Browser.HoldsAsync($"document.getElementById('notices').textContent.includes('{name}: {problem}')");
        // The honest ones are still followed.
        var at = await page.Page.EvaluateAsync<string>("meshara.view().at");
        await page.Browser.HoldsAsync($"meshara.view().at > '{at}' && meshara.view().nodes[0].peers === 1");
        await page.Browser.HoldsAsync("meshara.map.drawn().edges.filter(edge => edge.from === 'n1' || edge.to === 'n1').length === 2");
        await page.Browser.TakeAsync("mesh-hostile");
        Assert.Empty(page.Browser.Errors);
    }

    [Fact]
    public async Task Names_and_texts_of_nodes_stay_text()
    {
        var encoded = System.Text.Json.JsonEncodedText.Encode(Markup).ToString();
        await using var evil = await HostileNode.StartAsync(Markup, HostileNode.Peer(HostileNode.AddressOf("peer"), encoded), async context => context.Request.Path.Value switch
        {
            "/api/diagnostics/traces" => await WriteAsync(context, Traces(encoded)),
            "/api/diagnostics/logs" => await WriteAsync(context, $$"""{"logs":[null,{"timestamp":"{{encoded}}","level":"{{encoded}}","event":"{{encoded}}","message":"{{encoded}}","{{encoded}}":"{{encoded}}"}]}"""),
            "/api/messages/" + Id => await WriteAsync(context, $$"""{"to":"{{encoded}}","state":"{{encoded}}","attempts":1,"accepted_at":"2025-12-23T10:34:12Z","completed_at":null,"reason":"{{encoded}}","held_by":0}"""),
            _ => false,
        });
        await using var page = await PageServer.OpenAsync([evil.Watched]);

        await page.Browser.HoldsAsync("document.querySelector('#nodes tbody').textContent.includes('<img src=x')");
        await page.Page.ClickAsync("#nodes tbody button");
        await page.ChooseAsync("deliveries");
        await page.Browser.HoldsAsync("document.querySelector('#traffic tbody').textContent.includes('<img src=x')");
        await page.Browser.GoAsync($"{page.Url}#message/{Id}");
        await page.Browser.HoldsAsync("document.querySelectorAll('#lines tbody tr').length === 1 && document.querySelectorAll('#spans tbody tr').length === 2");
        Assert.Contains(Markup, await page.Page.InnerTextAsync("#lines"), StringComparison.Ordinal);
        Assert.Contains(Markup, await page.Page.InnerTextAsync("#message-found"), StringComparison.Ordinal);
        Assert.False(await page.Page.EvaluateAsync<bool>("'hacked' in globalThis || document.querySelector('main img, main script') !== null"));
        Assert.Empty(page.Browser.Errors);
    }

    private const string Id = "0123456789abcdef0123456789abcdef";

    // Two spans that are each other's parents.
    private static string Traces(string text) => $$"""
        {"traces":[null,{"trace_id":"{{text}}","spans":[null,
          {"name":"{{text}}","span_id":"1","parent_span_id":"2","started_at":"2025-12-23T10:34:12Z","duration_ms":1e300,"status":"error","attributes":{"{{text}}":null} },
          {"name":"send_message","span_id":"2","parent_span_id":"1","started_at":"0001-01-01T00:00:00Z","duration_ms":-1,"status":"{{text}}","attributes":{"message_id":"{{Id}}"} }]}]}
        """;

    private static async Task<bool> WriteAsync(HttpContext context, string body)
    {
        await context.Response.WriteAsync(body, context.RequestAborted);
        return true;
    }

    private static async Task<bool> FloodAsync(HttpContext context)
    {
        var block = new byte[64 * 1024];
        Array.Fill(block, (byte)' ');
        for (var i = 0; i < 256 && !context.RequestAborted.IsCancellationRequested; i++)
            await context.Response.Body.WriteAsync(block, CancellationToken.None);
        return true;
    }

    private static async Task<bool> TrickleAsync(HttpContext context)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.Body.WriteAsync("#\n"u8.ToArray(), CancellationToken.None);
            await context.Response.Body.FlushAsync(CancellationToken.None);
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
        return true;
    }
}
