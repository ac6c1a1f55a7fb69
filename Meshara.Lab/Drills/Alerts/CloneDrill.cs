using System.Globalization;
using Meshara.Lab.Load;
using Meshara.Node;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>The drill of a copied data folder that runs twice.</summary>
internal static class CloneDrill
{
    private const string Retry = "00:00:02";

    /// <summary>
    /// A refused clone retries after this time and is forgotten after three times as long. Only the rules' time is accelerated.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Impatience { get; } = new Dictionary<string, string> { ["Transport__CloneRetryInterval"] = Retry };

    public static AlertDrill IdentityCloned(int victim) => new()
    {
        Alert = "IdentityCloned",
        Fault = $"starts a second program with a copy of the key of node-{victim}",
        BreakAsync = async (bench, stop) =>
        {
            var folder = Directory.CreateDirectory(Path.Combine(bench.Files.Data, "copy")).FullName;
            File.Copy(Path.Combine(bench.Files.Node(bench.Node(victim).Name), NodeHost.KeyFileName), Path.Combine(folder, NodeHost.KeyFileName), overwrite: true);
            return await PairNode.StartAsync("copy", folder, new Dictionary<string, string?>
            {
                ["Mesh:Bootstrap"] = string.Create(CultureInfo.InvariantCulture, $"tcp://127.0.0.1:{bench.Node(1).MeshPort}"),
                ["Transport:CloneRetryInterval"] = Retry,
                ["Routing:BootstrapInterval"] = Retry,
            }, bootstrap: null, stop);
        },
        Expected = _ => [AlertBench.Of(victim)],
    };
}
