using System.Net;
using Meshara.Watch.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Meshara.Tests.Watch;

/// <summary>A server that answers like a node, except where a test makes it misbehave.</summary>
internal sealed class HostileNode : IAsyncDisposable
{
    private readonly WebApplication _app;

    private HostileNode(WebApplication app) => _app = app;

    public WatchedNode Watched => new(new Uri(_app.Urls.First() + "/")) { Metrics = new Uri(_app.Urls.First() + "/metrics") };

    /// <summary>Starts one.</summary>
    /// <param name="name">The name it gives itself.</param>
    /// <param name="peers">The members of its <c>/api/peers</c>.</param>
    /// <param name="misbehave">Answers in its place if it returns true.</param>
    public static async Task<HostileNode> StartAsync(string name, string peers = "", Func<HttpContext, Task<bool>>? misbehave = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(async context =>
        {
            if (misbehave is null || !await misbehave(context))
                await context.Response.WriteAsync(Answer(context.Request.Path, name, peers), context.RequestAborted);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new HostileNode(app);
    }

    /// <summary>An address that only this name has.</summary>
    public static string AddressOf(string name) => string.Concat(name.Where(char.IsAsciiLetter)).ToLowerInvariant().PadRight(52, 'a')[..52];

    /// <summary>A member of <c>/api/peers</c>.</summary>
    public static string Peer(string address, string name) =>
        $$"""{"address":"{{address}}","name":"{{name}}","remote":"127.0.0.1:1","direction":"outbound","connected_at":"2025-12-23T10:34:12Z","rtt_ms":1,"tree":true,"bytes_out":1}""";

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static string Answer(string path, string name, string peers) => path switch
    {
        "/api/node" => $$"""{"address":"{{AddressOf(name)}}","name":{{System.Text.Json.JsonSerializer.Serialize(name)}},"version":"1","state":"ready"}""",
        "/api/peers" => $$"""{"peers":[{{peers}}]}""",
        "/metrics" => "meshara_membership_size 1\n",
        _ => """{"status":"Healthy","uptime":1,"connected_peers":0,"pending_messages":0,"memory_mb":1,"cpu_percent":0,"checks":{}}""",
    };
}
