using Meshara.Harness;

namespace Meshara.AppHost.Plan;

/// <summary>The checked options of a run; <see cref="StackCommandLine"/> reads them.</summary>
internal sealed record StackOptions
{
    /// <summary>Number of nodes, 1 to <see cref="Stack.MaxNodes"/>.</summary>
    public int Nodes { get; init; } = 5;

    /// <summary>Private messages a second across all nodes; 0 for none.</summary>
    public double Traffic { get; init; } = 10;

    /// <summary>How long traffic runs before the stack stops; null to run until stopped.</summary>
    public TimeSpan? For { get; init; }

    /// <summary>Base of <see cref="StackPorts.From"/>; null for <see cref="StackPorts.Default"/>.</summary>
    public int? PortBase { get; init; }

    /// <summary>True to use a free range of ports instead.</summary>
    public bool AutoPorts { get; init; }

    /// <summary>Folder for keys, storage and logs, relative to the working directory.</summary>
    public string Data { get; init; } = ".meshara";

    /// <summary>File written when every node is ready; null for none.</summary>
    public string? Endpoints { get; init; }

    /// <summary>Report written at the end; null for none.</summary>
    public string? Report { get; init; }

    /// <summary>The servers to run besides the nodes.</summary>
    public IReadOnlySet<StackPart> Parts { get; init; } = StackPart.Everything;

    /// <summary>Where the servers run.</summary>
    public ServerChoice Servers { get; init; }

    /// <summary>Where an export is meant to run.</summary>
    public ExportTarget Target { get; init; }

    /// <summary>The nodes' image in an export to Kubernetes; null for the one that this repository builds.</summary>
    public ImageReference? NodeImage { get; init; }

    /// <summary>Namespace of a deployment to Kubernetes.</summary>
    public string Namespace { get; init; } = "meshara";

    /// <summary>File with more of the chart's values for a deployment to Kubernetes; null for none.</summary>
    public string? Values { get; init; }

    /// <summary>True to stop when standard input closes.</summary>
    public bool StopWithInput { get; init; }

    /// <summary>
    /// The port scheme that the options select. A range found for <c>--ports auto</c> stays leased until the process ends.
    /// </summary>
    /// <exception cref="StackException">No free range of ports was found.</exception>
    public StackPorts ChoosePorts(Random random) =>
        AutoPorts ? Ports.Lease(Nodes, random).Ports : PortBase is { } portBase ? StackPorts.From(portBase) : StackPorts.Default;

    /// <summary>Deletes the result files of an earlier run, so that they cannot be mistaken for this run's.</summary>
    /// <exception cref="StackException">A file cannot be deleted, so it cannot be rewritten either.</exception>
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
