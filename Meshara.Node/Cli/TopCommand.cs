using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Meshara.Watch;
using Meshara.Watch.Mesh;
using Meshara.Watch.Nodes;

namespace Meshara.Node.Cli;

/// <summary><c>meshara top</c>: shows nodes, queues, rates and alerts, live in a terminal, or once.</summary>
internal static class TopCommand
{
    // Rates need two readings of each node, and a node that was slow at first gets a few more.
    private const int SettledAfter = 3, SettledAtLast = 8;

    public static Command Create(CliHost host)
    {
        var client = new ClientOptions();
        var nodes = new Argument<string[]>("nodes")
        {
            HelpName = "URL", Description = "APIs of the nodes to show. [default: that of --node]", Arity = ArgumentArity.ZeroOrMore,
        };
        var page = new Option<string>("--page")
        {
            HelpName = "URL", Description = "Show what a mesh's page shows, such as http://127.0.0.1:18890, and ask no node.",
        };
        var prometheus = new Option<string>("--prometheus") { HelpName = "URL", Description = "Prometheus, for the alerts." };
        var sort = new Option<string>("--sort")
        {
            HelpName = "COLUMN",
            Description = $"{string.Join(", ", TopScreen.Columns)}; with a minus before it, the other way round. [default: node]",
        };
        var filter = new Option<string>("--filter") { HelpName = "TEXT", Description = "Only nodes whose name or health contains this." };
        var once = new Option<bool>("--once") { Description = "Print one reading and end; so does output that is no terminal." };
        var command = new MeshCommand("top",
            "Shows nodes, peers, queues, rates, latencies and alerts. Keys: s sorts, r reverses, / filters, q ends.",
            "meshara top --page http://127.0.0.1:18890",
            "meshara top http://node-1:8080 http://node-2:8080 --prometheus http://127.0.0.1:9090",
            "meshara top --once --sort -waiting --json")
        {
            nodes, page, prometheus, sort, filter, once,
        };
        client.AddTo(command);
        command.SetAction((parsed, cancellationToken) =>
        {
            var isJson = client.IsJson(parsed);
            var screen = new TopScreen(parsed.GetValue(sort), parsed.GetValue(filter));
            var views = parsed.GetValue(page) is { } url
                ? FollowPageAsync(ClientOptions.Url(url), client.Token(parsed, host), cancellationToken)
                : FollowNodesAsync(
                    Options(parsed.GetValue(nodes), client.Node(parsed, host), parsed.GetValue(prometheus), client.Token(parsed, host)),
                    host.Time, cancellationToken);
            return parsed.GetValue(once) || isJson || !host.IsTerminal
                ? ShowOnceAsync(views, screen, isJson, host)
                : ShowAsync(views, screen, host, cancellationToken);
        });
        return command;
    }

    private static WatchOptions Options(string[]? nodes, Uri node, string? prometheus, string? token)
    {
        Uri[] urls = nodes is { Length: > 0 } ? [.. nodes.Select(ClientOptions.Url)] : [node];
        return new WatchOptions
        {
            Nodes = () => [.. urls.Select(url => new WatchedNode(Folder(url)) { Token = token })],
            Prometheus = prometheus is null ? null : Folder(ClientOptions.Url(prometheus)),
        };
    }

    private static Uri Folder(Uri url) => new(url.GetLeftPart(UriPartial.Path).TrimEnd('/') + '/');

    private static async IAsyncEnumerable<MeshView> FollowNodesAsync(
        WatchOptions options, TimeProvider time, [EnumeratorCancellation] CancellationToken stop)
    {
        using var watch = new MeshWatch(options, time);
        await foreach (var watched in watch.FollowAsync(stop))
            yield return watched.View;
    }

    private static async IAsyncEnumerable<MeshView> FollowPageAsync(
        Uri page, string? token, [EnumeratorCancellation] CancellationToken stop)
    {
        using var client = new NodeClient(new Uri(page, "/"), token);
        await foreach (var view in client.FollowViewsAsync(stop))
            yield return view;
    }

    private static async Task<int> ShowOnceAsync(IAsyncEnumerable<MeshView> views, TopScreen screen, bool isJson, CliHost host)
    {
        var seen = 0;
        await foreach (var view in views)
        {
            seen++;
            var isWell = view.Nodes.All(node => node.Condition is Conditions.Healthy or Conditions.Unwatched);
            if (seen < (isWell ? SettledAfter : SettledAtLast))
                continue;
            if (isJson)
                await host.Out.WriteLineAsync(JsonSerializer.Serialize(view, WatchJson.Default.MeshView));
            else
                await WriteAsync(host, screen.Lines(view, host.Width ?? TopScreen.Narrow, int.MaxValue, isColoured: false));
            await host.Out.FlushAsync();
            return view.Nodes.All(node => node.Condition is Conditions.Silent) ? ExitCodes.Unreachable : ExitCodes.Ok;
        }
        throw new MesharaException(ErrorCodes.Unreachable, "The page ended its stream of views.");
    }

    private static async Task<int> ShowAsync(
        IAsyncEnumerable<MeshView> views, TopScreen screen, CliHost host, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var reader = views.GetAsyncEnumerator(end.Token);
        var keys = Keys(host);
        var next = reader.MoveNextAsync().AsTask();
        var key = keys.WaitToReadAsync(end.Token).AsTask();
        MeshView? view = null;
        await host.Out.WriteAsync(TopScreen.Begin);
        try
        {
            while (true)
            {
                await Task.WhenAny(next, key);
                if (key.IsCompleted)
                {
                    while (await key && keys.TryRead(out var pressed))
                    {
                        if (!screen.Press(pressed))
                            return ExitCodes.Ok;
                    }
                    key = keys.WaitToReadAsync(end.Token).AsTask();
                }
                if (next.IsCompleted)
                {
                    if (!await next)
                        throw new MesharaException(ErrorCodes.Unreachable, "The page ended its stream of views.");
                    view = reader.Current;
                    next = reader.MoveNextAsync().AsTask();
                }
                if (view is not null)
                    await DrawAsync(host, screen, view);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCodes.Ok;
        }
        finally
        {
            await end.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await host.Out.WriteAsync(TopScreen.End);
            await host.Out.FlushAsync(CancellationToken.None);
        }
    }

    private static async Task DrawAsync(CliHost host, TopScreen screen, MeshView view)
    {
        var (width, height) = (host.Width ?? Console.WindowWidth, host.Height ?? Console.WindowHeight);
        var isColoured = string.IsNullOrEmpty(host.Environment("NO_COLOR"));
        await host.Out.WriteAsync(TopScreen.Home);
        // The last row stays empty: a line break there would scroll.
        await WriteAsync(host, screen.Lines(view, width, height - 1, isColoured), TopScreen.ToEndOfLine);
        await host.Out.WriteAsync(TopScreen.ToEndOfScreen);
        await host.Out.FlushAsync();
    }

    private static async Task WriteAsync(CliHost host, IEnumerable<string> lines, string end = "")
    {
        foreach (var line in lines)
            await host.Out.WriteLineAsync(line + end);
    }

    /// <summary>Reads keys on a thread of their own, which ends with the process: nothing can interrupt it.</summary>
    private static ChannelReader<ConsoleKeyInfo> Keys(CliHost host)
    {
        var keys = Channel.CreateUnbounded<ConsoleKeyInfo>();
        if (host.ReadKey is not { } readKey)
            return keys.Reader;
        var thread = new Thread(() =>
        {
            while (keys.Writer.TryWrite(readKey()))
            {
            }
        })
        { IsBackground = true, Name = "keys" };
        thread.Start();
        return keys.Reader;
    }
}
