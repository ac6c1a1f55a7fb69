using System.CommandLine;
using Meshara.Harness;
using Meshara.Harness.Terminal;
using Meshara.Lab.Load;
using Meshara.Lab.Peers;

namespace Meshara.Lab;

/// <summary>The commands for measurements, and their options.</summary>
internal sealed class LoadCommandLine
{
    private const int MaxRounds = 100;
    private const int MaxNodes = 500;

    private readonly Option<string> _rounds = Text("--rounds", "N", $"Rounds, 1 to {MaxRounds}.");
    private readonly Option<string> _for = Text("--for", "DURATION", "How long each measurement sends.");
    private readonly Option<string> _payload = Text("--payload", "BYTES", "Content of each message. [default: 256]");
    private readonly Option<string> _report = Text("--report", "FILE", "Write the figures here (JSON).");
    private readonly Option<string> _memoryFor = Text("--memory-for", "DURATION", "How long memory is watched, from 1s. [default: 5m]");
    private readonly Option<string> _series = Text("--series", "N", "Series that the node has, 1 to 100000. [default: 5000]");
    private readonly Option<string> _scrapes = Text("--scrapes", "N", "Scrapes that are timed, 1 to 1000. [default: 50]");
    private readonly Option<string> _peers = Text("--peers", "N", "Peers that come and go before, 1 to 100000. [default: 10000]");
    private readonly Option<string> _keys = Text("--keys", "session|message", "One key agreement for many messages to a recipient, or for each. [default: session]");
    private readonly Option<string> _storage = Text("--storage", "memory|normal|full", "Where the nodes keep messages. [default: memory]");
    private readonly Option<string> _telemetry = Text("--telemetry", "off|metrics|sampled|all",
        "Nothing; metrics read every five seconds; with one trace in a hundred exported; with every trace. [default: sampled]");
    private readonly Option<string> _nodes = Text("--nodes", "N", $"Nodes of the mesh, 2 to {MaxNodes}.");
    private readonly Option<string> _broadcasts = Text("--broadcasts", "N", "Broadcasts that are timed, 1 to 10000. [default: 51]");
    private readonly Option<string> _program = Text("--program", "FILE", "The node's executable. [default: the one built with this program]");
    private readonly Option<string> _heldPeers = Text("--peers", "N", "Peers that connect, 2 to 10000. [default: 1000]");
    private readonly Command _gossip, _mesh, _startup, _memory, _connections;
    private readonly Command _pair, _durability, _overhead, _blackHole, _scrape, _compared;

    public LoadCommandLine()
    {
        _pair = new Command("pair",
            """
            Measures how many messages a second two nodes exchange, in processes of their own over TLS on loopback, next to how many the
            cryptography alone would allow on two cores, and how long a single message takes; 5 rounds, 10 s of load in all.
            """)
        {
            _for, _rounds, _payload, _keys, _storage, _telemetry, _report,
        };
        _gossip = new Command("gossip", "Measures how long a broadcast takes until it is in the inbox of every node; 100 nodes over TLS in one process.")
        {
            _nodes, _broadcasts, _payload, _report,
        };
        _mesh = new Command("mesh", "Measures a mesh in which every node sends to every other one as fast as it goes; 5 nodes in processes of their own, 5 rounds, 10 s of load in all.")
        {
            _nodes, _for, _rounds, _payload, _report,
        };
        _startup = new Command("startup", "Measures the time from the start of the node's program until it is ready; median of 7 starts.")
        {
            _rounds, _program, _report,
        };
        _memory = new Command("memory", "Measures the memory that an idle node holds 15 s after it was started; median of 7 nodes.")
        {
            _for, _rounds, _program, _report,
        };
        _connections = new Command("connections", "Connects many peers with keys of their own to one node at the same time, and measures what memory each costs it.")
        {
            _heldPeers, _program, _report,
        };
        _durability = new Command("durability",
            "Measures what durability costs: the same load between two nodes with storage in memory and on disk, in turn; 5 rounds of 5 s.")
        {
            _for, _rounds, _payload, _report,
        };
        _compared = new Command("peers",
            """
            Compares a durable pair of nodes with NATS JetStream, RabbitMQ and Mosquitto, each where its server is installed: the same
            messages over TLS, accepted durably and acknowledged one by one, in turn; 5 rounds of 10 s and single messages. On Linux.
            """)
        {
            _for, _rounds, _payload, _report,
        };
        _overhead = new Command("overhead",
            """
            Measures what telemetry costs a message, on its way and in processor time: pairs of nodes with nobody listening, with
            metrics scraped every second, with one trace in a hundred exported as well, with all others held for the case that they
            fail or are slow, and with all exported; 15 rounds of 1 s each.
            """)
        {
            _for, _rounds, _payload, _report,
        };
        _blackHole = new Command("blackhole",
            """
            Measures what a trace collector does that never answers: throughput with it and without any, in turn, 7 rounds of 3 s each,
            and then memory over a long run with it.
            """)
        {
            _for, _rounds, _payload, _report, _memoryFor,
        };
        _scrape = new Command("scrape",
            "Measures a scrape of a node with many series, and counts the series before and after many peers came and went.")
        {
            _series, _scrapes, _peers, _report,
        };
    }

    public IReadOnlyList<Command> Commands =>
        [_pair, _compared, _gossip, _mesh, _startup, _memory, _connections, _durability, _overhead, _blackHole, _scrape];

    /// <summary>The requested measurement; null if another command was given.</summary>
    /// <exception cref="StackException">A value is invalid; the message names it.</exception>
    public Func<StatusConsole, CancellationToken, Task<int>>? Find(ParseResult arguments)
    {
        var command = arguments.CommandResult.Command;
        if (!Commands.Contains(command))
            return null;
        if (arguments.Errors is [var error, ..])
            throw new StackException($"{error.Message} See --help.", ExitCodes.Usage);
        if (command == _pair)
        {
            var pair = ReadPair(arguments);
            return (console, stop) => new PairRun(pair, console).RunAsync(stop);
        }
        if (command == _gossip || command == _mesh)
        {
            var mesh = ReadMesh(arguments, command == _gossip ? 100 : 5);
            return command == _mesh ? (console, stop) => new MeshRun(mesh, console).RunAsync(stop) : (console, stop) => SpreadAsync(mesh, console, stop);
        }
        if (command == _startup || command == _memory || command == _connections)
        {
            var program = ReadProgram(arguments);
            return (console, stop) =>
            {
                var run = new ProgramRun(program, console);
                return command == _startup ? run.StartupAsync(stop) : command == _memory ? run.MemoryAsync(stop) : run.ConnectionsAsync(stop);
            };
        }
        if (command == _scrape)
        {
            var scrape = ReadScrape(arguments);
            return (console, stop) => new ScrapeRun(scrape, console).RunAsync(stop);
        }
        if (command == _durability)
        {
            var durability = Read(arguments, TimeSpan.FromSeconds(5), rounds: 5);
            return (console, stop) => new DurabilityRun(durability, console).RunAsync(stop);
        }
        if (command == _compared)
        {
            var peers = Read(arguments, TimeSpan.FromSeconds(10), rounds: 5, Arrivals.HeaderBytes);
            return (console, stop) => new PeersRun(peers, console).RunAsync(stop);
        }
        if (command == _overhead)
        {
            var overhead = Read(arguments, TimeSpan.FromSeconds(1), rounds: 15);
            return (console, stop) => new OverheadRun(overhead, console).RunAsync(stop);
        }
        var blackHole = Read(arguments, TimeSpan.FromSeconds(3), rounds: 7);
        var memoryFor = ReadMemoryFor(arguments);
        return (console, stop) => new BlackHoleRun(blackHole, memoryFor, console).RunAsync(stop);
    }

    private LoadOptions Read(ParseResult arguments, TimeSpan duration, int rounds, int minPayload = 1) => new()
    {
        For = Setting.Find(_for, arguments)?.Duration() ?? duration,
        Rounds = Setting.Find(_rounds, arguments)?.Whole(1, MaxRounds) ?? rounds,
        Payload = Setting.Find(_payload, arguments)?.Whole(minPayload, 256 * 1024) ?? 256,
        Report = Setting.Find(_report, arguments)?.FilePath(),
    };

    private PairOptions ReadPair(ParseResult arguments)
    {
        var defaults = new PairOptions();
        return new PairOptions
        {
            For = Setting.Find(_for, arguments)?.Duration() ?? defaults.For,
            Rounds = Setting.Find(_rounds, arguments)?.Whole(1, MaxRounds) ?? defaults.Rounds,
            Payload = Setting.Find(_payload, arguments)?.Whole(1, 256 * 1024) ?? defaults.Payload,
            KeyPerMessage = OneOf(_keys, arguments, "session", "message") == "message",
            Storage = OneOf(_storage, arguments, "memory", "normal", "full"),
            Telemetry = Enum.Parse<PairTelemetry>(OneOf(_telemetry, arguments, "sampled", "off", "metrics", "all"), ignoreCase: true),
            Report = Setting.Find(_report, arguments)?.FilePath(),
        };
    }

    private static async Task<int> SpreadAsync(MeshLoadOptions options, StatusConsole console, CancellationToken stop)
    {
        await using var run = new GossipRun(options, console);
        return await run.RunAsync(stop);
    }

    private MeshLoadOptions ReadMesh(ParseResult arguments, int nodes)
    {
        var defaults = new MeshLoadOptions { Nodes = Setting.Find(_nodes, arguments)?.Whole(2, MaxNodes) ?? nodes };
        return defaults with
        {
            Broadcasts = Setting.Find(_broadcasts, arguments)?.Whole(1, 10_000) ?? defaults.Broadcasts,
            For = Setting.Find(_for, arguments)?.Duration() ?? defaults.For,
            Rounds = Setting.Find(_rounds, arguments)?.Whole(1, MaxRounds) ?? defaults.Rounds,
            Payload = Setting.Find(_payload, arguments)?.Whole(1, 256 * 1024) ?? defaults.Payload,
            Report = Setting.Find(_report, arguments)?.FilePath(),
        };
    }

    private ProgramOptions ReadProgram(ParseResult arguments)
    {
        var defaults = new ProgramOptions();
        return new ProgramOptions
        {
            Program = Setting.Find(_program, arguments)?.FilePath(),
            Rounds = Setting.Find(_rounds, arguments)?.Whole(1, MaxRounds) ?? defaults.Rounds,
            For = Setting.Find(_for, arguments)?.Duration() ?? defaults.For,
            Peers = Setting.Find(_heldPeers, arguments)?.Whole(2, 10_000) ?? defaults.Peers,
            Report = Setting.Find(_report, arguments)?.FilePath(),
        };
    }

    /// <summary>The option's value; the first allowed value if it is not given.</summary>
    private static string OneOf(Option<string> option, ParseResult arguments, params string[] values)
    {
        if (Setting.Find(option, arguments) is not { } given)
            return values[0];
        return values.Contains(given.Text) ? given.Text : throw given.Wrong($"must be one of {string.Join(", ", values)}");
    }

    private ScrapeOptions ReadScrape(ParseResult arguments)
    {
        var defaults = new ScrapeOptions();
        return new ScrapeOptions
        {
            Series = Setting.Find(_series, arguments)?.Whole(1, 100_000) ?? defaults.Series,
            Scrapes = Setting.Find(_scrapes, arguments)?.Whole(1, 1000) ?? defaults.Scrapes,
            Peers = Setting.Find(_peers, arguments)?.Whole(1, 100_000) ?? defaults.Peers,
            Report = Setting.Find(_report, arguments)?.FilePath(),
        };
    }

    private TimeSpan ReadMemoryFor(ParseResult arguments)
    {
        var given = Setting.Find(_memoryFor, arguments);
        var duration = given?.Duration() ?? TimeSpan.FromMinutes(5);
        return duration >= TimeSpan.FromSeconds(1) ? duration : throw given!.Wrong("must be at least 1s");
    }

    private static Option<string> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };
}
