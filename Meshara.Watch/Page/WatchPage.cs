using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Meshara.Watch.Alerts;
using Meshara.Watch.Mesh;
using Meshara.Watch.Messages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Meshara.Watch.Page;

/// <summary>
/// The page at <c>/console/</c> and its data below <c>/api/console</c>, which the node's guard protects like the rest of its API. All of
/// it is read with GET, and nothing changes anything.
/// </summary>
internal static class WatchPage
{
    /// <summary>Where the page is.</summary>
    public const string Path = "/console/";

    private const string Data = "/api/console", Index = "index.html", Folder = "web/";

    // Cytoscape.js sets the style of its canvases through the CSS object model, which 'self' allows.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly HashSet<string> Files =
    [
        .. Assembly.GetExecutingAssembly().GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal)).Select(name => name[Folder.Length..]),
    ];

    /// <summary>Maps the page and its data.</summary>
    /// <param name="endpoints">Where to map them.</param>
    /// <param name="watch">What the page shows.</param>
    public static void MapWatchPage(this IEndpointRouteBuilder endpoints, MeshWatch watch)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(watch);
        endpoints.MapGet(Path + "{*file}", ServeAsync).ExcludeFromDescription();
        var search = new Lazy<MessageSearch>(() => new MessageSearch(watch.Probes));
        // A search asks every node.
        var turn = new SemaphoreSlim(2);
        var data = endpoints.MapGroup(Data).ExcludeFromDescription();
        data.MapGet("/events", context => new EventStream(watch).WriteAsync(context));
        var links = watch.Options.Links.ToDictionary(link => link.Key, link => link.Value.AbsoluteUri);
        data.MapGet("/links", context => WriteAsync(context, links, WatchJson.Default.DictionaryStringString));
        data.MapGet("/messages", context => InTurnAsync(context, turn, async () =>
            await WriteAsync(context, await search.Value.RecentAsync(context.RequestAborted), WatchJson.Default.ListRecentMessage)));
        data.MapGet("/messages/{id}", context => InTurnAsync(context, turn, () => FindAsync(context, search.Value)));
        data.MapGet("/runbooks/{name}", RunbookAsync);
    }

    private static async Task ServeAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments(Path.TrimEnd('/'), out var rest) || !rest.HasValue)
        {
            // Relative addresses in the page need the slash.
            context.Response.Redirect(Path);
            return;
        }
        var name = context.Request.RouteValues["file"] as string is { Length: > 0 } given ? given : Index;
        if (!Files.Contains(name))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        Protect(context.Response);
        context.Response.ContentType = System.IO.Path.GetExtension(name) switch
        {
            ".html" => "text/html; charset=utf-8",
            ".css" => "text/css; charset=utf-8",
            ".js" or ".mjs" => "text/javascript; charset=utf-8",
            ".svg" => "image/svg+xml",
            _ => "text/plain; charset=utf-8",
        };
        await using var file = Assembly.GetExecutingAssembly().GetManifestResourceStream(Folder + name)!;
        context.Response.ContentLength = file.Length;
        await file.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static void Protect(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers[HeaderNames.CacheControl] = "no-cache";
    }

    private static async Task FindAsync(HttpContext context, MessageSearch search)
    {
        var id = (context.Request.RouteValues["id"] as string)?.ToLowerInvariant();
        if (MessageSearch.IsId(id))
            await WriteAsync(context, await search.FindAsync(id!, context.RequestAborted), WatchJson.Default.MessageTrail);
        else
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
    }

    private static async Task RunbookAsync(HttpContext context)
    {
        await using var runbook = Runbooks.Open(context.Request.RouteValues["name"] as string ?? "");
        if (runbook is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        context.Response.ContentType = "text/markdown; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await runbook.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private static async Task InTurnAsync(HttpContext context, SemaphoreSlim turn, Func<Task> answer)
    {
        await turn.WaitAsync(context.RequestAborted);
        try
        {
            await answer();
        }
        finally
        {
            turn.Release();
        }
    }

    private static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        return JsonSerializer.SerializeAsync(context.Response.Body, value, type, context.RequestAborted);
    }
}
