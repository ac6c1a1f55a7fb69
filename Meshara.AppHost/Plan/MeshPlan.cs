using System.Security.Cryptography;
using System.Text;
using Meshara.Harness;

namespace Meshara.AppHost.Plan;

/// <summary>What is to be run or exported, decided before there is a model.</summary>
/// <param name="Stack">The nodes and the ports.</param>
/// <param name="Options">What the caller asked for.</param>
/// <param name="Files">Where a mesh that runs keeps its files.</param>
/// <param name="Repository">The folder with the configuration of every server.</param>
/// <param name="Places">Where each wanted server runs.</param>
internal sealed record MeshPlan(
    Stack Stack, StackOptions Options, StackFiles Files, string Repository, IReadOnlyDictionary<StackPart, Placement> Places)
{
    /// <summary>Where a server runs; null when it is left out.</summary>
    public Placement? Place(StackPart part) => Places.GetValueOrDefault(part);

    /// <summary>
    /// True when both run, in containers or as programs, and reach each other under the names that configurations give them.
    /// </summary>
    public bool AreTogether(StackPart one, StackPart other) =>
        Place(one) is { } place and not Placement.Missing && Place(other)?.GetType() == place.GetType();

    /// <summary>The servers that run, wherever.</summary>
    public IEnumerable<StackPart> Running => Places.Where(place => place.Value is not Placement.Missing).Select(place => place.Key);

    /// <summary>The servers that run in containers.</summary>
    public IEnumerable<StackPart> Containers => Places.Where(place => place.Value is Placement.Container).Select(place => place.Key);

    /// <summary>
    /// True when a container scrapes the nodes. It reaches them through the orchestrator's proxies: the tunnel to a port that a node itself
    /// opens does not outlive the node.
    /// </summary>
    public bool IsScrapedFromContainer => Place(StackPart.Prometheus) is Placement.Container;

    /// <summary>A file of the repository.</summary>
    public string File(string path) => Path.Combine(Repository, path);

    /// <summary>A name for what outlives the host and belongs to this mesh, that is, to its folder: two meshes share no volume.</summary>
    public string Named(string part) =>
        $"meshara-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Files.Data)))[..8]}-{part}";
}
