using System.CommandLine;
using System.Text.RegularExpressions;
using Meshara.Harness;
using Microsoft.Extensions.Configuration;

namespace Meshara.AppHost.Plan;

/// <summary>
/// The options of the host, read from three sources in this order: the command line (<c>--port-base</c>), the environment
/// (<c>MESHARA_PORT_BASE</c>), and the section <c>Stack</c> of appsettings.json in the working directory
/// (<c>Stack:PortBase</c>).
/// </summary>
internal sealed partial class StackCommandLine
{
    private const string EnvironmentPrefix = "MESHARA_";

    private readonly Option<string> _nodes = Text("--nodes", "N", $"Nodes to run, 1 to {Stack.MaxNodes}. [default: 5]");
    private readonly Option<string> _traffic = Text("--traffic", "MESSAGES_PER_SECOND",
        "Private messages between random pairs, across all nodes, plus a broadcast every 2 s. "
        + "Starts once one message from each node to the next has arrived. 0 for none. [default: 10]");
    private readonly Option<string> _for = Text("--for", "DURATION", "Stop after 30s, 5m or 1h30m of traffic. [default: until stopped]");
    private readonly Option<string> _portBase = Text("--port-base", "P",
        "Node i listens on P+i (mesh), P+100+i (http), P+200+i (metrics); Prometheus on P+301, Alertmanager on P+302, "
        + "the others after them. [default: 8443+i, 8080+i, 9464+i, 9090, 9093]");
    private readonly Option<string> _ports = Text("--ports", "auto", "Use a free range of ports instead.");
    private readonly Option<string> _data = Text("--data", "DIR", "Keys, storage and logs; runs reuse the keys. [default: .meshara]");
    private readonly Option<string> _endpoints = Text("--endpoints", "FILE",
        "Write the nodes' addresses and ports to this file (JSON) when all are ready.");
    private readonly Option<string> _report = Text("--report", "FILE", "Write the counts of the run to this file (JSON) at the end.");
    private readonly Option<string> _without = Text("--without", "PART,...",
        $"Leave out servers, and those that depend on them: {string.Join(", ", StackPart.All)}.");
    private readonly Option<string> _servers = Text("--servers", "WHERE",
        "containers or programs. [default: containers if a container engine is running, otherwise installed programs]");
    private readonly Option<string> _target = Text("--target", "WHERE",
        "What aspire publish, deploy and destroy are for: compose or kubernetes. [default: compose]");
    private readonly Option<string> _nodeImage = Text("--node-image", "NAME:TAG",
        "The nodes' image in Kubernetes, with tag, digest or both. For Compose set MESHARA_NODE_IMAGE.");
    private readonly Option<string> _namespace = Text("--namespace", "NAME",
        "Namespace that is deployed to in Kubernetes. [default: meshara]");
    private readonly Option<string> _values = Text("--values", "FILE",
        "More of the chart's values (YAML) for aspire deploy to Kubernetes.");
    private readonly Option<bool> _stopWithInput = new("--stop-with-input")
    {
        Description = "Stop when standard input closes; for programs that start this one.",
    };

    public StackCommandLine() => Command = new RootCommand(
        $"""
        Runs a mesh of real nodes on this machine, sends traffic through it and shows the results.

        Every option can also be set as {EnvironmentPrefix}NODES, {EnvironmentPrefix}PORT_BASE, ... or in the section "Stack" of
        appsettings.json in the working directory (Nodes, PortBase, ...); the command line wins, then the environment.

        Exit codes: 0 all went well; 1 a node died or did not start, or a message was not delivered; 2 wrong usage; 3 a port is taken;
        4 this machine lacks something the stack needs.
        """)
    {
        _nodes, _traffic, _for, _portBase, _ports, _data, _endpoints, _report, _without, _servers,
        _target, _nodeImage, _namespace, _values, _stopWithInput,
    };

    /// <summary>Parses the arguments and prints the help; the export adds a subcommand.</summary>
    public RootCommand Command { get; }

    private HashSet<string> Keys =>
        Command.Options.OfType<Option<string>>().Select(Setting.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Loads the environment and appsettings.json for <see cref="Read"/>.</summary>
    /// <param name="directory">The folder to look for appsettings.json in.</param>
    /// <exception cref="StackException">appsettings.json is malformed.</exception>
    public static IConfiguration Configuration(string directory)
    {
        try
        {
            return new ConfigurationBuilder()
                .SetBasePath(directory)
                .AddJsonFile("appsettings.json", optional: true)
                .AddEnvironmentVariables(EnvironmentPrefix)
                .Build();
        }
        catch (InvalidDataException exception)
        {
            throw new StackException($"{exception.Message} {exception.InnerException?.Message}".TrimEnd(), ExitCodes.Usage);
        }
    }

    /// <summary>Reads and checks the options.</summary>
    /// <exception cref="StackException">A value is invalid; the message names its source.</exception>
    public StackOptions Read(ParseResult arguments, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(configuration);
        if (arguments.Errors is [var error, ..])
            throw new StackException($"{error.Message} See --help.", ExitCodes.Usage);

        if (configuration.GetSection("Stack").GetChildren().FirstOrDefault(setting => !Keys.Contains(setting.Key)) is { } unknown)
            throw new StackException($"{unknown.Path} is no setting of this host; see --help.", ExitCodes.Usage);
        Setting? Find(Option<string> option) => Setting.Find(option, arguments, configuration, EnvironmentPrefix);
        var defaults = new StackOptions();
        var (portBase, ports) = Stronger(Find(_portBase), Find(_ports));
        if (ports is { Text: not "auto" })
            throw ports.Wrong("must be auto");
        var target = Target(Find(_target));
        return new StackOptions
        {
            Nodes = Find(_nodes)?.Whole(1, Stack.MaxNodes) ?? defaults.Nodes,
            Traffic = Find(_traffic)?.Number(0, 10_000) ?? defaults.Traffic,
            For = Find(_for)?.Duration(),
            PortBase = portBase?.Whole(StackPorts.MinBase, StackPorts.MaxBase),
            AutoPorts = ports is not null,
            Data = Find(_data)?.FilePath() ?? defaults.Data,
            Endpoints = Find(_endpoints)?.FilePath(),
            Report = Find(_report)?.FilePath(),
            Parts = Parts(Find(_without)),
            Servers = Servers(Find(_servers)),
            Target = target,
            NodeImage = NodeImage(Find(_nodeImage), target),
            Namespace = Find(_namespace) is { } name ? KubernetesName(name) : defaults.Namespace,
            Values = Find(_values)?.FilePath(),
            StopWithInput = arguments.GetValue(_stopWithInput),
        };
    }

    private static ServerChoice Servers(Setting? servers) => servers switch
    {
        null => ServerChoice.Automatic,
        { Text: "containers" } => ServerChoice.Containers,
        { Text: "programs" } => ServerChoice.Programs,
        _ => throw servers.Wrong("must be containers or programs"),
    };

    private static ExportTarget Target(Setting? target) => target switch
    {
        null or { Text: "compose" } => ExportTarget.Compose,
        { Text: "kubernetes" } => ExportTarget.Kubernetes,
        _ => throw target.Wrong("must be compose or kubernetes"),
    };

    // The variable MESHARA_NODE_IMAGE is also Compose's own, which takes any reference.
    private static ImageReference? NodeImage(Setting? image, ExportTarget target) => image switch
    {
        null => null,
        _ when target == ExportTarget.Kubernetes => ImageReference.Parse(image.Text)
            ?? throw image.Wrong("must be an image with a tag or digest, such as registry.example.org/meshara-node:0.1.0"),
        { Rank: 0 } => throw new StackException(
            $"{image.Source} is for --target kubernetes; for Compose set {EnvironmentPrefix}NODE_IMAGE.", ExitCodes.Usage),
        _ => null,
    };

    // RFC 1123, as Kubernetes requires it of a namespace's name.
    private static string KubernetesName(Setting name) => NamespaceName().IsMatch(name.Text)
        ? name.Text
        : throw name.Wrong("must be 1 to 63 small letters, digits and hyphens, with a letter or digit at both ends");

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z")]
    private static partial Regex NamespaceName();

    private static IReadOnlySet<StackPart> Parts(Setting? without)
    {
        var names = without?.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (names.Except(StackPart.All.Select(part => part.Name)).FirstOrDefault() is { } unknown)
            throw without!.Wrong($"must name parts out of {string.Join(", ", StackPart.All)}; there is no '{unknown}'");
        return StackPart.Without(names);
    }

    // Of two settings, the one from the stronger source wins: --ports auto beats MESHARA_PORT_BASE. Both from one source is a mistake.
    private static (Setting? PortBase, Setting? Ports) Stronger(Setting? portBase, Setting? ports)
    {
        if (portBase is null || ports is null)
            return (portBase, ports);
        if (portBase.Rank == ports.Rank)
            throw new StackException($"Choose either {portBase.Source} or {ports.Source}, not both.", ExitCodes.Usage);
        return portBase.Rank < ports.Rank ? (portBase, null) : (null, ports);
    }

    private static Option<string> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description, Recursive = true };
}
