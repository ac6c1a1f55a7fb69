using System.Diagnostics;
using Meshara.Node.Cli;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Cli;

public sealed class SignalTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("QUIT")]
    public async Task A_node_drains_on_every_signal_that_asks_it_to_end(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signal that one process could send to another.");
        await using var node = await SingleNode.StartAsync("signal", [], Cancel);
        await SignalAsync(signal, node);
        Assert.Equal(ExitCodes.Ok, await node.Process.ExitAsync(Cancel));
        Assert.Contains("NodeDraining", node.Process.Output, StringComparison.Ordinal);
        Assert.Contains("NodeStopped", node.Process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_was_started_to_outlive_its_terminal_does()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signal that one process could send to another.");
        await using var node = await SingleNode.StartFromShellAsync("trap '' HUP", Cancel); // as nohup does
        await SignalAsync("HUP", node);
        using (var ready = await node.Client.Http.GetAsync("ready", Cancel))
            Assert.True(ready.IsSuccessStatusCode);
        Assert.Equal(ExitCodes.Ok, await node.Process.StopAsync(Cancel));
    }

    private static async Task SignalAsync(string signal, SingleNode node)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{node.Process.Id}"]);
        await kill.WaitForExitAsync(Cancel);
        Assert.Equal(0, kill.ExitCode);
    }
}
