namespace Meshara.AppHost.Export;

/// <summary>
/// Makes the PrometheusRule of Kubernetes from alerts/rules, as deploy/kubernetes/rules.sh does where there is no .NET SDK.
/// </summary>
internal static class KubernetesRules
{
    /// <summary>The file below the folder <c>kubernetes</c>.</summary>
    public const string Path = "base/rules.yaml";

    // rules.sh says why the other two files are left out.
    private static readonly string[] Files = ["mesh", "members", "slo"];

    private const string Head = """
        # Made by deploy/kubernetes/rules.sh of alerts/rules/. Change those, and run it again.
        apiVersion: monitoring.coreos.com/v1
        kind: PrometheusRule
        metadata:
          name: meshara
        spec:
          groups:

        """;

    /// <summary>The text of the file.</summary>
    /// <param name="rules">The folder alerts/rules.</param>
    public static string Generate(string rules) => Head.ReplaceLineEndings("\n") + string.Concat(Files
        .SelectMany(name => File.ReadLines(System.IO.Path.Combine(rules, $"{name}.yml")))
        .Where(line => !line.StartsWith("groups:", StringComparison.Ordinal))
        .Select(line => line.Length == 0 ? "\n" : $"  {line}\n"));
}
