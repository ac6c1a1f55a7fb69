using Meshara.Harness;

namespace Meshara.AppHost.Plan;

/// <summary>What the caller asked for, checked. See <see cref="StackCommandLine"/> for where it comes from.</summary>
internal sealed record StackOptions
{
    /// <summary>Number of nodes, 1 to <see cref="Stack.MaxNodes"/>.</summary>
    public int Nodes { get; init; } = 5;

    /// <summary>Private messages a second, all nodes together; 0 for none.</summary>
    public double Traffic { get; init; } = 10;

    /// <summary>How long traffic runs before the stack stops; null until it is stopped.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>Base of <see cref="StackPorts.From"/>; null for <see cref="StackPorts.Default"/>.</summary>
    public int? PortBase { get; init; }

    /// <summary>Take a free range of ports instead.</summary>
    public bool AutoPorts { get; init; }

    /// <summary>Keys, storage and logs; relative to the working directory.</summary>
    public string Data { get; init; } = ".meshara";

    /// <summary>Written when every node is ready; null for not at all.</summary>
    public string? Endpoints { get; init; }

    /// <summary>Written at the end; null for not at all.</summary>
    public string? Report { get; init; }

    /// <summary>The servers to run next to the nodes.</summary>
    public IReadOnlySet<StackPart> Parts { get; init; } = StackPart.Everything;

    /// <summary>Where the servers run.</summary>
    public ServerChoice Servers { get; init; }

    /// <summary>Stop when standard input closes.</summary>
    public bool StopWithInput { get; init; }

    /// <summary>The ports that were asked for.</summary>
    /// <exception cref="StackException">None are free.</exception>
    public StackPorts ChoosePorts(Random random) =>
        AutoPorts ? Ports.FindFree(Nodes, random) : PortBase is { } portBase ? StackPorts.From(portBase) : StackPorts.Default;

    /// <summary>Deletes what an earlier run wrote, which must not be taken for what this one will write.</summary>
    /// <exception cref="StackException">A result could not be written either.</exception>
    public void DiscardStaleResults()
    {
        foreach (var path in ((string?[])[Endpoints, Report]).OfType<string>().Where(File.Exists))
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new StackException($"{path} cannot be written: {exception.Message}");
            }
        }
    }
}
