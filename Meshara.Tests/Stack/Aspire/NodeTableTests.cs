using System.Text;
using Meshara.AppHost.Mesh;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Spectre.Console;

namespace Meshara.Tests.Stack.Aspire;

public sealed class NodeTableTests
{
    private const string Address = "ff4qvhclxk5jzq2d7w6s3y5tnb2m4r7p9c1e8g0h6j2k4l6m8n0p";

    [Theory]
    [InlineData(40)]
    [InlineData(89)]
    [InlineData(100)]
    [InlineData(200)]
    public void An_address_can_be_copied_whatever_the_width(int width)
    {
        using var written = new StringWriter { NewLine = "\n" };
        var console = new StatusConsole(AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Interactive = InteractionSupport.No, Out = new Terminal(written, width) }));
        NodeTable.Write(console, [new EndpointsFile.Entry("node-1", Address, "tcp://127.0.0.1:8444", "http://127.0.0.1:8081", "http://127.0.0.1:9465/metrics", 1)]);
        Assert.Single(written.ToString().Split('\n'), line => line.Contains(Address, StringComparison.Ordinal));
        Assert.Contains("8444", written.ToString(), StringComparison.Ordinal);
        Assert.Contains("9465", written.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A terminal of a given width.</summary>
    private sealed class Terminal(TextWriter writer, int width) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => true;

        public int Width => width;

        public int Height => 24;

        public void SetEncoding(Encoding encoding)
        {
        }
    }
}
