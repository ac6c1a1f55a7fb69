using Meshara.AppHost.Mesh;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Microsoft.Extensions.Time.Testing;
using Spectre.Console;

namespace Meshara.Tests.Stack.Aspire;

public sealed class StartProgressTests : IDisposable
{
    private readonly StringWriter _written = new() { NewLine = "\n" };
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_start_that_takes_long_shows_how_far_it_is_and_gathers_warnings()
    {
        var progress = Create(3);
        var shown = progress.ShowAsync(TestContext.Current.CancellationToken);
        progress.AddReady();
        Assert.True(progress.TryGather());
        Assert.True(progress.TryGather());
        await PassAsync("1 of 3 nodes are ready, 2 warnings so far.\n");
        progress.AddReady();
        progress.AddReady();
        Assert.False(progress.TryGather());
        _time.Advance(TimeSpan.FromSeconds(5));
        await shown.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.StartsWith("1 of 3 nodes are ready, 2 warnings so far.\nWhile it started there were 2 warnings; they are in ", Written(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_is_quick_says_nothing()
    {
        var progress = Create(1);
        using var ready = new CancellationTokenSource();
        var shown = progress.ShowAsync(ready.Token);
        progress.AddReady();
        await ready.CancelAsync();
        await shown;
        Assert.Empty(Written());
    }

    public void Dispose() => _written.Dispose();

    private async Task PassAsync(string expected)
    {
        _time.Advance(TimeSpan.FromSeconds(5));
        for (var i = 0; i < 3000 && Written() != expected; i++)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Equal(expected, Written());
    }

    private string Written()
    {
        lock (_written)
            return _written.ToString();
    }

    private StartProgress Create(int nodes) => new(nodes, new StackFiles(Path.GetTempPath()), new StatusConsole(AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.No,
        Interactive = InteractionSupport.No,
        Out = new AnsiConsoleOutput(TextWriter.Synchronized(_written)),
    })), _time);
}
