using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Meshara.Tests.Stack.Deploy;

/// <summary>Limits of the compose file that must be consistent.</summary>
public sealed class ComposeLimitsTests
{
    private static readonly YamlMappingNode File = DeployFiles.ReadCompose();

    private static readonly List<YamlNode> Nodes = [.. File.Member("services").Members()
        .Where(service => service.Key.StartsWith("node-", StringComparison.Ordinal)).Select(service => service.Value)];

    [Fact]
    public void The_log_volume_holds_the_files_of_all_nodes()
    {
        var options = File.Member("volumes")!.Member("logs")!.Member("driver_opts")!.Member("o").Text();
        var limit = options.Split(',').Single(option => option.StartsWith("size=", StringComparison.Ordinal));
        var size = Number(limit[5..].TrimEnd('m')) * 1024 * 1024;
        // One more for each: Filebeat keeps a deleted file open until it has read it.
        var written = Nodes.Sum(node => (Number(Setting(node, "Logs__MaxFiles")) + 1) * Number(Setting(node, "Logs__MaxFileBytes")));
        Assert.InRange(written, size / 2, size);
    }

    [Fact]
    public void What_a_node_may_use_leaves_room_above_the_alert_on_its_memory() => Assert.All(Nodes, node =>
    {
        var limits = node.Member("deploy")!.Member("resources")!.Member("limits")!;
        var limit = Number(limits.Member("memory").Text().TrimEnd('M')) * 1024 * 1024;
        // The node's log files are in memory and count towards its limit.
        var logs = (Number(Setting(node, "Logs__MaxFiles")) + 1) * Number(Setting(node, "Logs__MaxFileBytes"));
        Assert.True(limit * 0.9 - logs > 1_000_000_000, "MemoryExhaustion (1 GB) comes before MemoryNearLimit (90 %) and the limit.");
    });

    [Fact]
    public void Elasticsearch_heeds_the_watermarks_of_its_disk() => Assert.DoesNotContain(
        File.Member("services")!.Member("elasticsearch")!.Member("environment").Members().Keys,
        name => name.Contains("disk.threshold_enabled", StringComparison.Ordinal));

    private static string Setting(YamlNode node, string name) => node.Member("environment")!.Member(name).Text();

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
