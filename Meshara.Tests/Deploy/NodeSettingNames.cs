using Meshara.Node;
using Meshara.ServiceDefaults.Logging;

namespace Meshara.Tests.Deploy;

/// <summary>The names of settings that a deployment may give a node.</summary>
internal static class NodeSettingNames
{
    private static readonly HashSet<string> Options =
    [
        .. from type in new[] { typeof(NodeHost).Assembly, typeof(LogOutputOptions).Assembly }.SelectMany(one => one.GetTypes())
           where type.Name.EndsWith("Options", StringComparison.Ordinal)
           from property in type.GetProperties()
           select $"{Section(type.Name[..^"Options".Length])}__{property.Name}",
    ];

    private static readonly HashSet<string> Variables = ["MESHARA_LOG", "MESHARA_LOG_DIR", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    /// <summary>True for an option, a known variable, or the endpoint of another node.</summary>
    public static bool IsKnown(string name) =>
        Options.Contains(name) || Variables.Contains(name) || name.StartsWith("services__node-", StringComparison.Ordinal);

    private static string Section(string type) => type == "LogOutput" ? "Logs" : type;
}
