using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;

namespace Meshara.Tests.Containers;

/// <summary>The commands for Compose in <c>docs/deploy.md</c>, as written.</summary>
internal static class DeployGuide
{
    private const string ToolImage = "docker.io/library/busybox:1.37.0";

    /// <summary>
    /// The commands of a section, for a project of this name. The tools run in the Prometheus image, which contains them as well.
    /// </summary>
    public static string Commands(string section, string project)
    {
        var lines = File.ReadLines(Path.Combine(AlertFiles.Root, "docs", "deploy.md"))
            .SkipWhile(line => line != "## Compose").SkipWhile(line => line != $"### {section}").Skip(1)
            .TakeWhile(line => !line.StartsWith('#')).Where(line => line.StartsWith("    ", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(lines);
        return string.Join('\n', lines)
            .Replace("meshara_", $"{project}_", StringComparison.Ordinal)
            .Replace($"{ToolImage} tar", $"{Tools} tar {ContainerImage.Prometheus}", StringComparison.Ordinal)
            .Replace($"{ToolImage} sh", $"{Tools} sh {ContainerImage.Prometheus}", StringComparison.Ordinal);
    }

    private const string Tools = "--user 0:0 --entrypoint";
}
