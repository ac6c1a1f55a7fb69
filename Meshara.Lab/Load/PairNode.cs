using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Storage;
using Meshara.Node.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.Lab.Load;

/// <summary>A whole node inside this process: its own keys, TLS sockets on loopback and storage, without the cost of HTTP between it and the load.</summary>
internal sealed class PairNode : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PairNode(WebApplication app) => _app = app;

    public NodeAddress Address => Get<NodeIdentity>().Address;

    public IMessenger Messenger => Get<IMessenger>();

    public IInbox Inbox => Get<IInbox>();

    /// <summary>Starts a node and returns when it has joined.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="folder">Its data directory.</param>
    /// <param name="durability">Value of <c>Storage:Durability</c>.</param>
    /// <param name="bootstrap">The node to join; null starts a mesh.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<PairNode> StartAsync(string name, string folder, string durability, PairNode? bootstrap, CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Node:Name"] = name,
            ["Node:DataDirectory"] = folder,
            ["Mesh:Listen"] = "127.0.0.1:0",
            ["Mesh:Bootstrap"] = bootstrap is null ? null : $"tcp://{bootstrap.Get<Listener>().Bound}",
            ["Api:Port"] = "0",
            ["Metrics:Port"] = "0",
            ["Storage:Durability"] = durability,
            ["MESHARA_LOG"] = "off",
        };
        var app = NodeHost.Build(NodeSettings.From(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()));
        var node = new PairNode(app);
        await app.StartAsync(cancellationToken);
        if (bootstrap is not null)
            await node.Get<MeshNode>().Joined.WaitAsync(cancellationToken);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();
}
