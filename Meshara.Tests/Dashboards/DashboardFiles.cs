using System.Text.Json;
using Meshara.Tests.Alerts;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Meshara.Tests.Dashboards;

/// <summary>The repository's dashboards and Grafana's provisioning files.</summary>
internal static class DashboardFiles
{
    /// <summary>The folder.</summary>
    public static string Folder { get; } = Path.Combine(AlertFiles.Root, "dashboards");

    /// <summary>Every dashboard.</summary>
    public static IReadOnlyList<Dashboard> Dashboards { get; } = [.. Paths().Select(path => new Dashboard(Path.GetFileName(path), Parse(path)))];

    /// <summary>All panels of all dashboards, without rows.</summary>
    public static IReadOnlyList<Panel> Panels { get; } = [.. Dashboards.SelectMany(dashboard => dashboard.Panels)];

    /// <summary>Data sources by uid.</summary>
    public static IReadOnlyDictionary<string, DataSource> DataSources { get; } =
        ReadYaml<DataSourcesFile>("datasources").DataSources.ToDictionary(source => source.Uid, StringComparer.Ordinal);

    /// <summary>The places where Grafana finds the dashboards.</summary>
    public static IReadOnlyList<Provider> Providers { get; } = ReadYaml<ProvidersFile>("dashboards").Providers;

    public static string[] Paths() => [.. Directory.GetFiles(Folder, "*.json").Order(StringComparer.Ordinal)];

    private static JsonElement Parse(string path)
    {
        // Grafana silently takes the last of two equal keys, which is never intended.
        using var document = JsonDocument.Parse(File.ReadAllText(path), new JsonDocumentOptions { AllowDuplicateProperties = false });
        return document.RootElement.Clone();
    }

    private static T ReadYaml<T>(string kind)
    {
        using var reader = File.OpenText(Path.Combine(Folder, "provisioning", kind, "meshara.yml"));
        return new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).WithDuplicateKeyChecking().Build().Deserialize<T>(reader);
    }

    private sealed class DataSourcesFile
    {
        public int ApiVersion { get; init; }

        public bool Prune { get; init; }

        [YamlMember(Alias = "datasources")]
        public List<DataSource> DataSources { get; init; } = [];
    }

    private sealed class ProvidersFile
    {
        public int ApiVersion { get; init; }

        public List<Provider> Providers { get; init; } = [];
    }
}
