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

    /// <summary>In a container.</summary>
    internal sealed record Container : Placement;

    /// <summary>As an installed program.</summary>
    /// <param name="Path">Its executable.</param>
    internal sealed record Program(string Path) : Placement;

    /// <summary>Nowhere: the server does not run.</summary>
    /// <param name="Reason">One line that says why and how to install it.</param>
    internal sealed record Missing(string Reason) : Placement;

    /// <summary>Decides where each server runs.</summary>
    /// <param name="parts">The servers that are not left out.</param>
    /// <param name="noContainers">Why containers cannot be used; null if they can.</param>
    /// <param name="hasPackages">False if the packages for <see cref="StackPart.NeedsPackage"/> parts were not restored.</param>
    /// <param name="ports">The port scheme.</param>
    /// <param name="variable">Reads an environment variable: PATH, and <c>MESHARA_NAME</c> for a program that is not on PATH.</param>
    public static IReadOnlyDictionary<StackPart, Placement> Decide(
        IReadOnlySet<StackPart> parts, string? noContainers, bool hasPackages, StackPorts ports, Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(variable);
        var places = new Dictionary<StackPart, Placement>();
        // In this order, a part comes after the part it needs.
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

    /// <summary>Places every server in a container, for an export.</summary>
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

    // A Prometheus that the system runs as a service often holds the default port; the mesh can run without ours.
    private static Placement OnFreePorts(StackPart part, string program, StackPorts ports) =>
        part.Endpoints.Select(endpoint => endpoint.HostPort(ports)).FirstOrDefault(port => !Ports.IsFree(port)) is > 0 and var taken
            ? new Missing(string.Create(
                CultureInfo.InvariantCulture, $"port {taken} is taken; choose others with --port-base P or --ports auto"))
            : new Program(program);
}
