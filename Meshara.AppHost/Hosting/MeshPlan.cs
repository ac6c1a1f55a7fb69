using System.Security.Cryptography;
using System.Text;
using Meshara.Harness;

namespace Meshara.AppHost.Hosting;

/// <summary>What is to be run or exported.</summary>
/// <param name="Stack">The nodes and the ports.</param>
/// <param name="Options">What the caller asked for.</param>
/// <param name="Files">Where a mesh that runs keeps its files.</param>
/// <param name="Repository">The folder with the configuration of every server.</param>
internal sealed record MeshPlan(Stack Stack, StackOptions Options, StackFiles Files, string Repository)
{
    /// <summary>False for a part that was left out.</summary>
    public bool Has(StackPart part) => Options.Parts.Contains(part);

    /// <summary>A file of the repository.</summary>
    public string File(string path) => Path.Combine(Repository, path);

    /// <summary>A name for what outlives the host and belongs to this mesh, that is, to its folder: two meshes share no volume.</summary>
    public string Named(string part) => $"meshara-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Files.Data)))[..8]}-{part}";
}
