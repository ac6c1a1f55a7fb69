using Meshara.Tests.Mesh;
using Meshara.Tests.Stack.Host;
using Meshara.Tests.Stack.Local;
using Meshara.Watch.Mesh;
using Meshara.Watch.Nodes;
using Meshara.Watch.Page;
using Microsoft.AspNetCore.Builder;
using Microsoft.Playwright;

namespace Meshara.Tests.Watch;

/// <summary>The page that shows given nodes, on a free port, and a browser that has opened it.</summary>
internal sealed class PageServer : IAsyncDisposable
{
    private readonly MeshWatch _watch;
    private readonly WebApplication _server;

    private PageServer(MeshWatch watch, WebApplication server, Browser browser) => (_watch, _server, Browser) = (watch, server, browser);

    public Browser Browser { get; }

    public IPage Page => Browser.Page;

    /// <summary>The page's address.</summary>
    public string Url => _server.Urls.First() + WatchPage.Path;

    /// <summary>Opens the page; skips the test where no Chromium is installed.</summary>
    public static Task<PageServer> OpenAsync(IEnumerable<WatchedNode> nodes, int width = 1440, ColorScheme theme = ColorScheme.Light, Uri? prometheus = null) =>
        OpenAsync(new WatchOptions { Nodes = () => [.. nodes], Prometheus = prometheus }, width, theme);

    /// <inheritdoc cref="OpenAsync(IEnumerable{WatchedNode}, int, ColorScheme, Uri?)"/>
    public static async Task<PageServer> OpenAsync(WatchOptions options, int width, ColorScheme theme, params string[] arguments)
    {
        Assert.SkipWhen(Browser.Program is null, "Chromium is not installed");
        var watch = new MeshWatch(options, TimeProvider.System);
        var server = WatchServer.Create(watch, port: 0);
        await server.StartAsync(TestContext.Current.CancellationToken);
        var page = new PageServer(watch, server, await Browser.StartAsync(width, theme, arguments));
        await page.Browser.GoAsync(page.Url);
        return page;
    }

    /// <summary>A node of a mesh of processes.</summary>
    public static WatchedNode Watched(NodeClient node) =>
        new(new Uri(node.Endpoint.Http + "/")) { Name = node.Name, Metrics = new Uri(node.Endpoint.Metrics) };

    /// <summary>A node in this process.</summary>
    public static WatchedNode Watched(MeshPeer node) => new(node.Http) { Metrics = new Uri(node.Http, "metrics") };

    /// <summary>Waits until the map shows as many nodes in a condition.</summary>
    public Task ShowsAsync(int nodes, string condition) =>
        Browser.HoldsAsync($"meshara.map.drawn().nodes.filter(node => node.condition === '{condition}').length === {nodes}");

    /// <summary>Opens a view by its link.</summary>
    public Task ChooseAsync(string view) => Page.ClickAsync($"header nav a[href='#{view}']");

    public async ValueTask DisposeAsync()
    {
        await Browser.DisposeAsync();
        await _server.StopAsync(CancellationToken.None);
        await _server.DisposeAsync();
        _watch.Dispose();
    }
}
