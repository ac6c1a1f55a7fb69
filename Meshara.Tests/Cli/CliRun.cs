using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Meshara.Node;
using Meshara.Node.Cli;
using Meshara.Node.Identity;
using Meshara.Tests.Api;

namespace Meshara.Tests.Cli;

/// <summary>A run of the command line in this process, with its own console, input and environment.</summary>
internal sealed class CliRun
{
    private readonly Screen _out = new(), _error = new();

    public string Input { get; init; } = "";

    public Dictionary<string, string> Environment { get; init; } = [];

    public Func<NodeSettings, CancellationToken, Task<int>> RunNode { get; init; } = (_, _) => throw new InvalidOperationException("no node here");

    public Func<string, string?, NodeAddress> CreateKey { get; init; } = (_, _) => throw new InvalidOperationException("no keys here");

    public Func<Stream>? OpenInput { get; init; }

    /// <summary>Width of the terminal in columns; null for no terminal.</summary>
    public int? Width { get; init; }

    /// <summary>Rows of the terminal.</summary>
    public int? Height { get; init; }

    /// <summary>The keys that a person presses at a terminal; null for no terminal.</summary>
    public Func<ConsoleKeyInfo>? Keys { get; init; }

    public string Out => _out.ToString();

    public string Error => _error.ToString();

    public JsonNode Json => JsonNode.Parse(Out)!;

    public async Task<int> InvokeAsync(CancellationToken cancellationToken, params string[] args)
    {
        await using var output = new ScreenWriter(_out);
        await using var error = new ScreenWriter(_error);
        var host = new CliHost
        {
            RunNode = RunNode,
            CreateKey = CreateKey,
            Out = output,
            Error = error,
            IsTerminal = Keys is not null,
            ReadKey = Keys,
            Width = Width,
            Height = Height,
            OpenInput = OpenInput ?? (() => new MemoryStream(Encoding.UTF8.GetBytes(Input))),
            Environment = Environment.GetValueOrDefault,
        };
        return await MeshCli.InvokeAsync(args, host, cancellationToken).WaitAsync(ApiServer.Deadline, TestContext.Current.CancellationToken);
    }

    public Task<int> InvokeAsync(params string[] args) => InvokeAsync(TestContext.Current.CancellationToken, args);

    /// <summary>Waits for the next line on standard output.</summary>
    public async Task<string> NextLineAsync() =>
        await _out.Lines.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(ApiServer.Deadline, TestContext.Current.CancellationToken);

    /// <summary>Checks the exit code, the single line on standard error, and that standard output is empty.</summary>
    public void AssertFailed(int expected, int actual, string reason)
    {
        Assert.True(expected == actual, $"exit code {actual}: {Error}");
        Assert.StartsWith("meshara: ", Error, StringComparison.Ordinal);
        Assert.Contains(reason, Error, StringComparison.Ordinal);
        Assert.Equal(1, Error.Count(c => c == '\n'));
        Assert.Empty(Out);
    }

    /// <summary>The output, as a whole and by line.</summary>
    private sealed class Screen
    {
        private readonly Lock _gate = new();
        private readonly StringBuilder _all = new(), _line = new();

        public Channel<string> Lines { get; } = Channel.CreateUnbounded<string>();

        public void Write(char value)
        {
            lock (_gate)
            {
                _all.Append(value);
                if (value != '\n')
                {
                    _line.Append(value);
                    return;
                }
                Lines.Writer.TryWrite(_line.ToString().TrimEnd('\r'));
                _line.Clear();
            }
        }

        public override string ToString()
        {
            lock (_gate)
                return _all.ToString();
        }
    }

    private sealed class ScreenWriter(Screen screen) : TextWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => screen.Write(value);
    }
}
