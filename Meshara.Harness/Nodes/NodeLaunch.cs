namespace Meshara.Harness.Nodes;

/// <summary>Deviations from the defaults when a node is started.</summary>
internal sealed record NodeLaunch
{
    /// <summary>The listen address of nodes that run side by side on this machine.</summary>
    public const string Loopback = "127.0.0.1";

    /// <summary>
    /// The port the node listens on if a proxy stands between it and its peers; it then advertises the stack's mesh port. Null if it
    /// listens on the mesh port itself.
    /// </summary>
    public int? ListenPort { get; init; }

    /// <summary>The address it listens on for peers.</summary>
    public string ListenHost { get; init; } = Loopback;

    /// <summary>Returns the address under which it dials a bootstrap node.</summary>
    public Func<StackNode, string> HostOf { get; init; } = _ => Loopback;

    /// <summary>Connects to its API and metrics; null if it runs in this program's own network.</summary>
    public NodeConnector? Connect { get; init; }

    /// <summary>Environment variables in addition to those of every node.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>A wrapper program with its arguments. It must exec the node's command line, which is appended to them.</summary>
    public IReadOnlyList<string> Within { get; init; } = [];

    /// <summary>Returns a copy with more environment variables.</summary>
    public NodeLaunch With(IReadOnlyDictionary<string, string> environment) => this with
    {
        Environment = environment.Concat(Environment.Where(variable => !environment.ContainsKey(variable.Key))).ToDictionary(),
    };

    /// <summary>Name of its log; null for the node's name.</summary>
    public string? LogName { get; init; }
}
