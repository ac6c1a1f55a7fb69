using Meshara.Harness.Terminal;
using Spectre.Console;

namespace Meshara.Tests.Stack.Local;

public sealed class StatusConsoleTests : IDisposable
{
    private readonly StringWriter _written = new() { NewLine = "\n" };

    [Fact]
    public void Without_a_terminal_there_are_plain_lines_only()
    {
        var console = Create();
        console.SetLive("live");
        console.WriteLine("one");
        console.SetLive("live");
        console.WriteLine("two");

        Assert.False(console.IsInteractive);
        Assert.Equal("one\ntwo\n", _written.ToString());
    }

    [Fact]
    public void What_a_log_carries_cannot_steer_the_terminal()
    {
        Create().WriteLine("node-1  WARN  \u001b[2J\r\nforged\a");

        Assert.Equal("node-1  WARN   [2J  forged \n", _written.ToString());
    }

    [Fact]
    public void Lines_that_belong_together_stay_lines()
    {
        Create().WriteLines("a\nb");

        Assert.Equal("a\nb\n", _written.ToString());
    }

    public void Dispose() => _written.Dispose();

    private StatusConsole Create() => new(AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = AnsiSupport.No,
        Interactive = InteractionSupport.No,
        Out = new AnsiConsoleOutput(_written),
    }));
}
