using System.Security.Cryptography;
using System.Text;
using Meshara.Harness;

namespace Meshara.AppHost.Plan;

/// <summary>The plan of what to run or export, made before the model is built.</summary>
/// <param name="Stack">The nodes and the ports.</param>
/// <param name="Options">The checked options.</param>
/// <param name="Files">The paths of the mesh's files.</param>
/// <param name="Repository">The folder with the configuration of every server.</param>
/// <param name="Places">The placement of each server that is not left out.</param>
internal sealed record MeshPlan(
    Stack Stack, StackOptions Options, StackFiles Files, string Repository, IReadOnlyDictionary<StackPart, Placement> Places)
{
    /// <summary>A server's placement; null if it is left out.</summary>
    public Placement? Place(StackPart part) => Places.GetValueOrDefault(part);

    /// <summary>
    /// True if both run in containers, or both as programs, so that they reach each other by the names in the configuration files.
    /// </summary>
    public bool AreTogether(StackPart one, StackPart other) =>
        Place(one) is { } place and not Placement.Missing && Place(other)?.GetType() == place.GetType();

    /// <summary>The servers that run, in containers or as programs.</summary>
    public IEnumerable<StackPart> Running => Places.Where(place => place.Value is not Placement.Missing).Select(place => place.Key);

    /// <summary>The servers that run in containers.</summary>
    public IEnumerable<StackPart> Containers => Places.Where(place => place.Value is Placement.Container).Select(place => place.Key);

    /// <summary>
    /// True if a container scrapes the nodes. It has to go through the orchestrator's proxies: a tunnel to a port that the node itself
    /// opens breaks when the node ends.
    /// </summary>
    public bool IsScrapedFromContainer => Place(StackPart.Prometheus) is Placement.Container;

    /// <summary>Path of a file in the repository.</summary>
    public string File(string path) => Path.Combine(Repository, path);

    /// <summary>Names a volume or container that outlives the host. Depends on the mesh's folder, so that two meshes share none.</summary>
    public string Named(string part) =>
        $"meshara-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Files.Data)))[..8]}-{part}";
}
