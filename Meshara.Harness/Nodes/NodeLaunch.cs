namespace Meshara.Harness.Nodes;

/// <summary>What is special about one start of a node.</summary>
internal sealed record NodeLaunch
{
    /// <summary>
    /// Where the node listens for peers when something stands between it and them: it then advertises the mesh port of the
    /// stack. Null when it listens there itself.
    /// </summary>
    public int? ListenPort { get; init; }

    /// <summary>Settings on top of what every node is told.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>A program with its arguments that executes the node's command line, given after them, in its own place.</summary>
    public IReadOnlyList<string> Within { get; init; } = [];

    /// <summary>Name of its log; null for the node's.</summary>
    public string? LogName { get; init; }
}
