using System.Net;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Storage;
using Meshara.Node.Transport;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Meshara.Lab.Load;

/// <summary>A complete node inside this process, with its own keys, TLS sockets on loopback and storage, driven without HTTP.</summary>
internal sealed class PairNode : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PairNode(WebApplication app) => _app = app;

    public NodeAddress Address => Get<NodeIdentity>().Address;

    public IMessenger Messenger => Get<IMessenger>();

    public IInbox Inbox => Get<IInbox>();

    /// <summary>Cursor of the last message in the inbox.</summary>
    public long LastCursor => Get<IMessageStore>().LastCursor;

    public Uri Metrics => new(new Uri(_app.Urls.First()), "/metrics");

    /// <summary>Current number of connected peers.</summary>
    public int ConnectedPeers => Get<INodeView>().ConnectedPeers;

    /// <summary>Accepted messages that are still pending.</summary>
    public int PendingMessages => Get<INodeView>().PendingMessages;

    /// <summary>The endpoint that peers dial.</summary>
    public IPEndPoint Bound => Get<Listener>().Bound;

    /// <summary>Starts a node and returns once it has joined.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="folder">Its data directory.</param>
    /// <param name="settings">Configuration keys in addition to those of every pair, which they override.</param>
    /// <param name="bootstrap">The <c>tcp</c> URI of the node to join; null starts a mesh.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<PairNode> StartAsync(string name, string folder, IReadOnlyDictionary<string, string?> settings, string? bootstrap, CancellationToken cancellationToken)
    {
        var all = new Dictionary<string, string?>
        {
            ["Node:Name"] = name,
            ["Node:DataDirectory"] = folder,
            ["Mesh:Listen"] = "127.0.0.1:0",
            ["Mesh:Bootstrap"] = bootstrap,
            ["Api:Port"] = "0",
            ["Metrics:Port"] = "0",
            ["Storage:Durability"] = "memory",
            ["MESHARA_LOG"] = "off",
        };
        foreach (var (key, value) in settings)
            all[key] = value;
        var app = NodeHost.Build(NodeSettings.From(new ConfigurationBuilder().AddInMemoryCollection(all).Build()));
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

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();
}
