using System.Security.Cryptography;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Volumes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Meshara.Tests.Containers;

/// <summary>Three nodes in containers, each connected to both others.</summary>
internal sealed class MeshOfThree
{
    private MeshOfThree(IReadOnlyList<NodeContainer> nodes, IVolume logs) => (Nodes, Logs) = (nodes, logs);

    /// <summary>node-1 to node-3.</summary>
    public IReadOnlyList<NodeContainer> Nodes { get; }

    /// <summary>The volume with the log files of all nodes.</summary>
    public IVolume Logs { get; }

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    /// <summary>Starts a mesh that exports no traces.</summary>
    public static Task<MeshOfThree> StartAsync(ContainerStack stack) => StartAsync(stack, new Dictionary<string, string>());

    /// <summary>Starts a mesh.</summary>
    /// <param name="stack">The stack whose network it joins.</param>
    /// <param name="environment">Additional variables of every node.</param>
    public static async Task<MeshOfThree> StartAsync(ContainerStack stack, IReadOnlyDictionary<string, string> environment)
    {
        var image = await stack.Images.UseNodeAsync();
        var logs = await LogVolumeAsync(stack);
        var token = RandomNumberGenerator.GetHexString(16);
        var nodes = new List<NodeContainer>();
        foreach (var name in (string[])["node-1", "node-2", "node-3"])
            nodes.Add(await NodeContainer.StartAsync(stack, image, name, token, nodes.Select(node => node.Name), environment, logs));
        var mesh = new MeshOfThree(nodes, logs);
        await stack.UntilAsync("every node is connected to both others", mesh.IsWholeAsync);
        return mesh;
    }

    /// <summary>True if every node is connected to both others.</summary>
    public async Task<bool> IsWholeAsync()
    {
        foreach (var node in Nodes)
        {
            var others = Nodes.Where(other => other != node).Select(other => other.Client.Address);
            if (others.Except(await node.Client.PeersAsync(Test)).Any())
                return false;
        }
        return true;
    }

    // Owned by the nodes' user, and in memory because shipped lines need not be kept.
    public static async Task<IVolume> LogVolumeAsync(ContainerStack stack)
    {
        var volume = stack.Own(new VolumeBuilder().WithLogger(NullLogger.Instance).WithCreateParameterModifier(parameters =>
            parameters.DriverOpts = new Dictionary<string, string> { ["type"] = "tmpfs", ["device"] = "tmpfs", ["o"] = $"uid={NodeImage.User},mode=0755,size=64m" }).Build());
        await volume.CreateAsync(Test);
        return volume;
    }
}
