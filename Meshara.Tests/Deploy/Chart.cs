using Meshara.Tests.Alerts;

namespace Meshara.Tests.Deploy;

/// <summary>The Helm chart of deploy/helm/.</summary>
internal static class Chart
{
    /// <summary>Its values alone.</summary>
    public const string Default = "default";

    private static readonly string Examples = Path.Combine(AlertFiles.Root, "deploy", "helm", "values");

    /// <summary>Where it is.</summary>
    public static string Folder { get; } = Path.Combine(AlertFiles.Root, "deploy", "helm", "meshara");

    /// <summary>The values that it can be rendered with: its own, and those of deploy/helm/values/.</summary>
    public static IEnumerable<string> Values { get; } =
    [
        Default,
        .. Directory.GetFiles(Examples, "*.yaml").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal),
    ];

    /// <summary>The objects that Helm makes of it, as text; the test is skipped where there is no Helm.</summary>
    /// <param name="values">One of <see cref="Values"/>.</param>
    /// <param name="arguments">More of Helm's arguments.</param>
    public static async Task<string> RenderAsync(string values, params string[] arguments)
    {
        var rendered = await RunAsync([.. With(values), .. arguments]);
        Assert.True(rendered.ExitCode == 0, rendered.Output);
        return rendered.Answer;
    }

    /// <summary>Runs <c>helm template</c>; the test is skipped where there is no Helm.</summary>
    public static Task<ExternalTool> RunAsync(params string[] arguments) =>
        HelmAsync(["template", "mesh", Folder, "--namespace", "meshara", .. arguments]);

    /// <summary>Runs <c>helm lint</c>, for which a warning is a failure; the test is skipped where there is no Helm.</summary>
    public static Task<ExternalTool> LintAsync(string values) => HelmAsync(["lint", "--strict", Folder, .. With(values)]);

    /// <summary>Runs Helm; the test is skipped where there is none.</summary>
    public static Task<ExternalTool> HelmAsync(params string[] arguments)
    {
        Assert.SkipUnless(
            ExternalTool.IsInstalled("helm"), "Helm is not installed: there is no program 'helm' on PATH, and MESHARA_HELM names none.");
        return ExternalTool.RunOrSkipAsync("helm", "helm", arguments);
    }

    private static string[] With(string values) => values == Default ? [] : ["--values", Path.Combine(Examples, $"{values}.yaml")];
}
