using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Meshara.AppHost.Plan;

namespace Meshara.AppHost.Export;

/// <summary>Writes the chart deploy/helm/meshara without its links into other folders, and with the host's options as its values.</summary>
internal static class HelmChart
{
    private const string Files = "files", Values = "values.yaml";

    /// <summary>The chart's folder in an export.</summary>
    public static string In(string folder) => Path.Combine(folder, "helm", "meshara");

    /// <summary>True if a folder holds the repository's own chart: there <c>files/</c> has links, in an exported chart folders.</summary>
    public static bool IsSource(string chart)
    {
        var files = new DirectoryInfo(Path.Combine(chart, Files));
        return files.Exists && files.EnumerateFileSystemInfos().Any(entry => entry is not DirectoryInfo { LinkTarget: null });
    }

    /// <summary>Replaces an exported chart.</summary>
    /// <param name="plan">The options, and where the repository is.</param>
    /// <param name="chart">The folder to write to.</param>
    public static void Write(MeshPlan plan, string chart)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var source = In(plan.File("deploy"));
        // Listed before anything is written: the export may lie in a folder that a link leads to.
        var files = Directory.GetFiles(source, "*", SearchOption.AllDirectories);
        if (Directory.Exists(chart))
            Directory.Delete(chart, recursive: true);
        foreach (var file in files)
        {
            var copy = Path.Combine(chart, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var rules = Path.Combine(chart, Files, "kubernetes", KubernetesRules.Path);
        File.WriteAllText(rules, KubernetesRules.Generate(plan.File("alerts/rules")));
        var values = Path.Combine(chart, Values);
        File.WriteAllText(values, WithOptions(File.ReadAllText(values), plan.Options));
    }

    private static string WithOptions(string values, StackOptions options)
    {
        values = Set(values, "nodes", "count", options.Nodes.ToString(CultureInfo.InvariantCulture));
        values = Set(values, "elasticsearch", "enabled", Flag(options, StackPart.Elasticsearch));
        values = Set(values, "traces", "enabled", Flag(options, StackPart.Jaeger));
        values = Set(values, "monitoring", "enabled", Flag(options, StackPart.Prometheus));
        if (options.NodeImage is not { } image)
            return values;
        values = Set(values, "image", "repository", JsonSerializer.Serialize(image.Repository));
        values = Set(values, "image", "tag", JsonSerializer.Serialize(image.Tag));
        return Set(values, "image", "digest", JsonSerializer.Serialize(image.Digest));
    }

    private static string Flag(StackOptions options, StackPart part) => options.Parts.Contains(part) ? "true" : "false";

    // Text is replaced, so that the comments stay, which say what each value means.
    private static string Set(string values, string section, string key, string value)
    {
        var setting = new Regex($@"(?m)(?<=^{section}:\r?\n(  .*\n|\r?\n)*?  {key}: )\S+");
        return setting.Count(values) == 1
            ? setting.Replace(values, _ => value)
            : throw new InvalidOperationException($"{Values} sets {section}.{key} {setting.Count(values)} times.");
    }
}
