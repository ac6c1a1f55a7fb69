using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Meshara.Harness.Processes;
using Meshara.Node.Cli;
using Meshara.Tests.Mesh;
using Meshara.Tests.Stack.Local;
using Meshara.Tests.Watch;
using Meshara.Watch.Mesh;
using Meshara.Watch.Page;
using Spectre.Console;

namespace Meshara.Tests.Cli;

/// <summary><c>meshara top</c> on real nodes.</summary>
public sealed partial class TopTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_a_terminal_it_prints_one_table_of_the_nodes_that_were_named()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        await using var strange = await HostileNode.StartAsync("\u001b[2Jevil 表表表表表表表表表表", misbehave: context =>
        {
            context.Response.StatusCode = context.Request.Path == "/health" ? 500 : 200;
            return Task.FromResult(context.Request.Path == "/health");
        });
        var run = new CliRun { Width = TopScreen.Narrow };

        Assert.Equal(ExitCodes.Ok, await run.InvokeAsync("top", nodes[0].Http.ToString(), nodes[1].Http.ToString(), strange.Watched.Api.ToString(), "--sort", "-health"));

        var lines = run.Out.TrimEnd().Split('\n').Select(line => line.TrimEnd('\r')).ToList();
        Assert.Matches("^[0-9:]{8}  2 of 3 healthy  - msg/s  p99 -  waiting -$", lines[0]);
        Assert.Contains(lines, line => line.StartsWith("·[2Jevil", StringComparison.Ordinal) && line.EndsWith(": /health answers 500", StringComparison.Ordinal));
        Assert.Equal("NODE               -HEALTH    PEERS WAITING  OLDEST  SENT/S  RECV/S      P99", lines[^4]);
        Assert.Matches("^node-2             healthy        1 ", lines[^3]);
        Assert.Matches("^node-1             healthy        1 ", lines[^2]);
        Assert.Matches("^·\\[2Jevil .* suspect ", lines[^1]);
        Assert.All(lines, line => Assert.True(line.GetCellWidth() <= TopScreen.Narrow, line));
        Assert.DoesNotContain('\u001b', run.Out);
    }

    [Fact]
    public async Task Json_is_the_whole_view_and_a_mesh_that_does_not_answer_has_an_exit_code()
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        var json = new CliRun();
        Assert.Equal(ExitCodes.Ok, await json.InvokeAsync("top", "--node", node.Http.ToString(), "--json"));
        Assert.Equal("node-1", (string?)json.Json["nodes"]![0]!["name"]);

        var url = node.Http.ToString();
        await node.StopAsync();
        Assert.Equal(ExitCodes.Unreachable, await new CliRun().InvokeAsync("top", "--once", "--node", url));
        var wrong = new CliRun();
        wrong.AssertFailed(ExitCodes.Usage, await wrong.InvokeAsync("top", "--sort", "size"), "--sort 'size' must be one of node, health, peers");
    }

    [Fact]
    public async Task Keys_sort_and_filter_until_q()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(3);
        using var keys = new BlockingCollection<ConsoleKeyInfo>();
        void Press(string text) => text.ToList().ForEach(c => keys.Add(new ConsoleKeyInfo(c, c == '\r' ? ConsoleKey.Enter : ConsoleKey.None, false, false, false)));
        var run = new CliRun { Width = TopScreen.Narrow, Height = 24, Keys = keys.Take };
        var ended = run.InvokeAsync(["top", .. nodes.Select(node => node.Http.ToString())]);

        await ShowsAsync(run, screen => screen.Count(line => line.StartsWith("node-", StringComparison.Ordinal) && line.Contains(" healthy ", StringComparison.Ordinal)) == 3);
        Press("r");
        await ShowsAsync(run, screen => screen.First(line => line.StartsWith("node-", StringComparison.Ordinal)).StartsWith("node-3", StringComparison.Ordinal));
        Press("/NODE-2\r");
        await ShowsAsync(run, screen => screen.Count(line => line.StartsWith("node-", StringComparison.Ordinal)) == 1 && screen.Any(line => line.Contains("[NODE-2]", StringComparison.Ordinal)));
        Press("s");
        await ShowsAsync(run, screen => screen.Any(line => line.Contains("-HEALTH", StringComparison.Ordinal)));
        Press("q");
        Assert.Equal(ExitCodes.Ok, await ended);
        Assert.EndsWith(TopScreen.End, run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_shows_what_the_meshs_page_shows()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        using var watch = new MeshWatch(new WatchOptions { Nodes = () => [.. nodes.Select(PageServer.Watched)] }, TimeProvider.System);
        await using var page = WatchServer.Create(watch, port: 0);
        await page.StartAsync(Test);

        var run = new CliRun();
        Assert.Equal(ExitCodes.Ok, await run.InvokeAsync("top", "--page", page.Urls.First()));

        Assert.Contains("node-1 ", run.Out, StringComparison.Ordinal);
        Assert.Contains("2 of 2 healthy", run.Out, StringComparison.Ordinal);
        await page.StopAsync(Test);
    }

    [Fact]
    public async Task In_a_real_terminal_of_80_columns_it_draws_within_them_and_restores_the_screen()
    {
        var script = ToolPath.Find(Environment.GetEnvironmentVariable("PATH"), "script");
        Assert.SkipUnless(OperatingSystem.IsLinux() && script is not null, "script(1), which makes a pseudo terminal, is not installed");
        await using var node = await SingleNode.StartAsync("node-1", [], Test);
        // "q" is typed once the node is shown, as a person would.
        await using var program = new RunningProgram(HostProgram.Start(
            script!, "-qec", $"stty cols 80 rows 24; exec '{HostProgram.Node}' top {node.Client.Endpoint.Http}", "/dev/null"));
        // Its API says where its metrics are, so it has a rate.
        await program.PrintsAsync("1 of 1 healthy  0 msg/s", Test);
        await program.TypeAsync("q");
        Assert.Equal(0, await program.ExitAsync(Test));
        Assert.Contains("[?1049l", program.Output, StringComparison.Ordinal);
        Assert.All(Escapes().Replace(program.Output, "").Split('\n'), line => Assert.True(line.TrimEnd('\r').Length <= 80, line));
    }

    private static Task ShowsAsync(CliRun run, Func<IReadOnlyList<string>, bool> isRight) =>
        Eventually.TrueAsync(() => isRight(LastScreen(run.Out)), "the screen shows it");

    /// <summary>The lines that were drawn last, and completely.</summary>
    private static string[] LastScreen(string output)
    {
        var end = Math.Max(0, output.LastIndexOf(TopScreen.ToEndOfScreen, StringComparison.Ordinal));
        var start = Math.Max(0, output[..end].LastIndexOf(TopScreen.Home, StringComparison.Ordinal));
        return Escapes().Replace(output[start..end], "").Split('\n');
    }

    [GeneratedRegex("\u001b\\[[0-9;?]*[a-zA-Z]")]
    private static partial Regex Escapes();
}
