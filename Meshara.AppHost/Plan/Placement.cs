using System.Globalization;
using Meshara.Harness;
using Meshara.Harness.Processes;

namespace Meshara.AppHost.Plan;

/// <summary>Where a server of the stack runs on this machine.</summary>
internal abstract record Placement
{
    private Placement()
    {
    }

    /// <summary>In a container, because a container engine listens.</summary>
    internal sealed record Container : Placement;

    /// <summary>As a program that is installed.</summary>
    /// <param name="Path">Its executable.</param>
    internal sealed record Program(string Path) : Placement;

    /// <summary>Not at all.</summary>
    /// <param name="Reason">One line: why, and how to get it.</param>
    internal sealed record Missing(string Reason) : Placement;

    /// <summary>Decides for every wanted server.</summary>
    /// <param name="parts">The servers that are wanted.</param>
    /// <param name="noContainers">Why there are no containers; null where an engine listens and containers can reach the nodes.</param>
    /// <param name="hasPackages">False where the packages that describe <see cref="StackPart.NeedsPackage"/> parts could not be
    /// restored.</param>
    /// <param name="ports">Where they would listen.</param>
    /// <param name="variable">Reads a variable of the environment: PATH, and <c>MESHARA_NAME</c> for a program that is not on it.</param>
    public static IReadOnlyDictionary<StackPart, Placement> Decide(
        IReadOnlySet<StackPart> parts, string? noContainers, bool hasPackages, StackPorts ports, Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(variable);
        var places = new Dictionary<StackPart, Placement>();
        // A part stands behind the one it needs in this order.
        foreach (var part in StackPart.All.Where(parts.Contains))
        {
            var (needed, blocker) = part.Needs is { } other ? (places.GetValueOrDefault(other), other) : (null, null);
            var isContainer = noContainers is null && (hasPackages || !part.NeedsPackage) && needed is null or Container;
            places[part] = needed is Missing ? new Missing($"it needs {blocker}")
                : isContainer ? new Container()
                : FindProgram(part, noContainers ?? "its package could not be restored", ports, variable);
        }

        return places;
    }

    /// <summary>Everything in a container, as in an export.</summary>
    public static IReadOnlyDictionary<StackPart, Placement> AllContainers(IReadOnlySet<StackPart> parts) =>
        parts.ToDictionary(part => part, _ => (Placement)new Container());

    private static Placement FindProgram(StackPart part, string noContainer, StackPorts ports, Func<string, string?> variable)
    {
        var named = $"MESHARA_{part.Name.ToUpperInvariant()}";
        if (variable(named) is { Length: > 0 } path)
        {
            return File.Exists(path)
                ? OnFreePorts(part, Path.GetFullPath(path), ports)
                : throw new StackException($"{named} names {path}, which is not there.", ExitCodes.Usage);
        }

        return ToolPath.Find(variable("PATH"), part.Programs) is { } found
            ? OnFreePorts(part, found, ports)
            : new Missing($"{noContainer}, and no program {part.Programs[0]} is installed ({part.Install})");
    }

    // A Prometheus that the system runs as a service often holds the default port; the mesh does not need ours.
    private static Placement OnFreePorts(StackPart part, string program, StackPorts ports) =>
        part.Endpoints.Select(endpoint => endpoint.HostPort(ports)).FirstOrDefault(port => !Ports.IsFree(port)) is > 0 and var taken
            ? new Missing(string.Create(
                CultureInfo.InvariantCulture, $"port {taken} is taken; choose others with --port-base P or --ports auto"))
            : new Program(program);
}
