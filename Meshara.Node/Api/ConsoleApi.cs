using Meshara.Watch.Mesh;
using Meshara.Watch.Nodes;
using Meshara.Watch.Page;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Meshara.Node.Api;

/// <summary>The page that shows the mesh (<c>Console:Enabled</c>).</summary>
internal static class ConsoleApi
{
    /// <summary>Serves the page if the settings say so. It shows this node as any other one: by what its API answers.</summary>
    public static void MapConsole(this WebApplication app, NodeSettings settings)
    {
        if (!settings.Console.Enabled)
            return;
        var watch = new MeshWatch(Options(app, settings), TimeProvider.System);
        app.Lifetime.ApplicationStopped.Register(watch.Dispose);
        app.MapWatchPage(watch);
    }

    private static WatchOptions Options(WebApplication app, NodeSettings settings) => new()
    {
        Nodes = () =>
        [
            new WatchedNode(Own(app)) { Token = settings.Api.Token, IsSelf = true },
            .. settings.Console.Nodes.Select(url => new WatchedNode(new Uri(url.TrimEnd('/') + '/')) { Token = settings.Api.Token }),
        ],
        Prometheus = Parse(settings.Console.Prometheus),
        Alertmanager = Parse(settings.Console.Alertmanager),
        Links = settings.Console.Servers.Where(server => !string.IsNullOrEmpty(server.Url))
            .ToDictionary(server => server.Name.ToLowerInvariant(), server => Parse(server.Url)!),
    };

    /// <summary>The API's own URL through loopback; Kestrel lists the API's address first.</summary>
    private static Uri Own(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses;
        var bound = new UriBuilder(addresses.First());
        if (bound.Host is "0.0.0.0" or "[::]")
            bound.Host = "127.0.0.1";
        return bound.Uri;
    }

    private static Uri? Parse(string? url) => string.IsNullOrEmpty(url) ? null : new Uri(url.TrimEnd('/') + '/');
}
