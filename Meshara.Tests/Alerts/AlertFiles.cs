using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Meshara.Tests.Alerts;

/// <summary>The repository's alerting files, parsed strictly: an unknown or duplicate key is an error, as it is for Prometheus.</summary>
internal static class AlertFiles
{
    private static readonly IDeserializer Yaml = new DeserializerBuilder()
        .WithNamingConvention(UnderscoredNamingConvention.Instance)
        .WithDuplicateKeyChecking()
        .Build();

    /// <summary>The folder that holds Meshara.sln.</summary>
    public static string Root { get; } = FindRoot();

    public static string Alerts { get; } = Path.Combine(Root, "alerts");

    public static string Runbooks { get; } = Path.Combine(Root, "docs", "runbooks");

    /// <summary>All rules, in file order.</summary>
    public static IReadOnlyList<Rule> Rules { get; } =
        [.. RuleFilePaths().SelectMany(path => Read<RuleFile>(path).Groups).SelectMany(group => group.Rules)];

    public static IReadOnlyList<Rule> AlertRules { get; } = [.. Rules.Where(rule => rule.Alert is not null)];

    public static IReadOnlyList<RuleTest> RuleTests { get; } =
        [.. RuleTestPaths().SelectMany(path => Read<RuleTestFile>(path).Tests)];

    public static string[] RuleFilePaths() => Sorted(Path.Combine(Alerts, "rules"), "*.yml");

    public static string[] RuleTestPaths() => Sorted(Path.Combine(Alerts, "tests"), "*.yml");

    /// <summary>All runbooks, without the index.</summary>
    public static string[] RunbookPaths() => [.. Sorted(Runbooks, "*.md").Where(path => Path.GetFileName(path) != "README.md")];

    public static T Read<T>(string path)
    {
        using var reader = File.OpenText(path);
        return Yaml.Deserialize<T>(reader);
    }

    private static string[] Sorted(string folder, string pattern)
    {
        var paths = Directory.GetFiles(folder, pattern);
        Array.Sort(paths, StringComparer.Ordinal);
        return paths;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Meshara.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Meshara.sln.");
    }
}
