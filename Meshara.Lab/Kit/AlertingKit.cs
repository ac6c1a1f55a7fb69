using System.Globalization;
using System.Text.RegularExpressions;
using Meshara.Harness;

namespace Meshara.Lab.Kit;

/// <summary>Rules and dashboards for a Prometheus and a Grafana with their own labels, thresholds and addresses: what others call a mixin.</summary>
internal static partial class AlertingKit
{
    private static readonly string Sources = Path.Combine(Locations.Alerts(), "kit");

    /// <summary>Writes the rules of the repository again.</summary>
    public static void Update() => WriteRules(Load(null), Path.Combine(Locations.Alerts(), "rules"));

    /// <summary>Writes <c>rules/</c> and <c>dashboards/</c> into a folder.</summary>
    /// <exception cref="StackException">Settings or a folder that cannot be used.</exception>
    public static void Write(string? settings, string folder)
    {
        var kit = Load(settings);
        WriteRules(kit, Directory.CreateDirectory(Path.Combine(folder, "rules")).FullName);
        var dashboards = Directory.CreateDirectory(Path.Combine(folder, "dashboards")).FullName;
        foreach (var file in Directory.GetFiles(Path.Combine(Locations.Repository(), "dashboards"), "*.json"))
            File.WriteAllText(Path.Combine(dashboards, Path.GetFileName(file)), Dashboard(File.ReadAllText(file), kit));
    }

    /// <summary>The rule files by name, as these settings have them.</summary>
    public static IReadOnlyDictionary<string, string> Rules(KitSettings settings) => Directory.GetFiles(Sources, "*.yml")
        .Where(file => Path.GetFileName(file) != "settings.yml")
        .ToDictionary(file => Path.GetFileName(file), file => Heading(Path.GetFileName(file)) + KitTemplate.Render(File.ReadAllText(file), settings));

    /// <summary>The kit's settings, with those of a file in their place where it has any.</summary>
    /// <exception cref="StackException">A file that cannot be read, a setting that there is not, or one that contradicts another.</exception>
    public static KitSettings Load(string? own)
    {
        var settings = KitSettings.Load(Path.Combine(Sources, "settings.yml"), own);
        // The texts of the alerts name the one, their expressions use the other.
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

    // Labels stand before what ends a label's name in a query, and in {{cluster}}; the variable $cluster and texts stay as they are.
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
