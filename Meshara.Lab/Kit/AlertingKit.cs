using System.Globalization;
using System.Text.RegularExpressions;
using Meshara.Harness;

namespace Meshara.Lab.Kit;

/// <summary>
/// Generates rules and dashboards for a Prometheus and a Grafana with their own labels, thresholds and addresses, as mixins do.
/// </summary>
internal static partial class AlertingKit
{
    private static readonly string Sources = Path.Combine(Locations.Alerts(), "kit");

    /// <summary>Regenerates the repository's rules.</summary>
    public static void Update() => WriteRules(Load(null), Path.Combine(Locations.Alerts(), "rules"));

    /// <summary>Writes <c>rules/</c> and <c>dashboards/</c> into a folder.</summary>
    /// <exception cref="StackException">The settings are invalid, or a folder cannot be used.</exception>
    public static void Write(string? settings, string folder)
    {
        var kit = Load(settings);
        WriteRules(kit, Directory.CreateDirectory(Path.Combine(folder, "rules")).FullName);
        var dashboards = Directory.CreateDirectory(Path.Combine(folder, "dashboards")).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Locations.Repository(), "dashboards"), "*.json"))
            File.WriteAllText(Path.Combine(dashboards, Path.GetFileName(file)), Dashboard(File.ReadAllText(file), kit));
    }

    /// <summary>The rule files generated with these settings, by name.</summary>
    public static IReadOnlyDictionary<string, string> Rules(KitSettings settings) => Directory.GetFiles(Sources, "*.yml")
        .Where(file => Path.GetFileName(file) != "settings.yml")
        .ToDictionary(file => Path.GetFileName(file), file => Heading(Path.GetFileName(file)) + KitTemplate.Render(File.ReadAllText(file), settings));

    /// <summary>The kit's settings, overridden by those of a file.</summary>
    /// <exception cref="StackException">A file cannot be read, or a setting is unknown or contradicts another.</exception>
    public static KitSettings Load(string? own)
    {
        var settings = KitSettings.Load(Path.Combine(Sources, "settings.yml"), own);
        // The alerts' texts use percent, their expressions use budget.
        foreach (var objective in (string[])["delivery", "latency"])
        {
            if (Number(settings, $"objectives:{objective}:percent") + (100 * Number(settings, $"objectives:{objective}:budget")) != 100)
                throw new StackException($"objectives:{objective}: budget has to be what percent leaves, as 0.001 is of 99.9.", ExitCodes.Usage);
        }
        return settings;
    }

    private static decimal Number(KitSettings settings, string path) => decimal.TryParse(settings[path], CultureInfo.InvariantCulture, out var number)
        ? number
        : throw new StackException($"{path} has to be a number, but is '{settings[path]}'.", ExitCodes.Usage);

    private static void WriteRules(KitSettings settings, string folder)
    {
        foreach (var (name, text) in Rules(settings))
            File.WriteAllText(Path.Combine(folder, name), text);
    }

    private static string Heading(string name) => $"# Made of alerts/kit/{name} by: dotnet run --project Meshara.Lab -- kit\n#\n";

    // Replaces cluster only as a label: before characters that end a label's name in a query, and in {{cluster}}. The variable $cluster and
    // texts are not changed.
    private static string Dashboard(string json, KitSettings settings) => settings["cluster"] == "cluster" && settings["job"] == "meshara" ? json
        : Query().Replace(json, line => JobLabel().Replace(
            ClusterLabel().Replace(line.Value, settings["cluster"]), $"job=\\\"{settings["job"]}\\\""));

    [GeneratedRegex("""^\s*"(?:expr|query|definition|legendFormat)": ".*$""", RegexOptions.Multiline)]
    private static partial Regex Query();

    [GeneratedRegex(@"(?<![$\w:-])cluster(?=\s*(?:=|!|,|\)|\}\}))")]
    private static partial Regex ClusterLabel();

    [GeneratedRegex(@"job=\\""meshara\\""")]
    private static partial Regex JobLabel();
}
