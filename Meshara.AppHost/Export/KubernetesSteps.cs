using Aspire.Hosting;
using Aspire.Hosting.Pipelines;
using Meshara.AppHost.Plan;
using Meshara.Harness;
using Meshara.Harness.Processes;
using Microsoft.Extensions.Logging;

namespace Meshara.AppHost.Export;

/// <summary>
/// The steps of <c>--target kubernetes</c>: <c>aspire publish</c> writes a Helm chart, <c>aspire deploy</c> installs or upgrades it in the
/// cluster that kubectl points to, <c>aspire destroy</c> uninstalls it. They need no package beside Aspire.Hosting.
/// </summary>
internal static partial class KubernetesSteps
{
    private const string PublishChart = "publish-helm-chart";
    private const string Release = "mesh";

    // The setup of Elasticsearch comes first, and then nodes are replaced one by one.
    private const string Timeout = "15m";

    /// <summary>Adds the steps.</summary>
    public static void AddKubernetesSteps(this IDistributedApplicationBuilder builder, MeshPlan plan)
    {
        var folder = OutputFolder.Of(builder);
        builder.Pipeline.AddStep(
            PublishChart, step => PublishAsync(step, plan, folder), requiredBy: WellKnownPipelineSteps.Publish);
        builder.Pipeline.AddStep(
            "upgrade-helm-release", step => UpgradeAsync(step, plan.Options, folder),
            dependsOn: PublishChart, requiredBy: WellKnownPipelineSteps.Deploy);
        builder.Pipeline.AddStep(
            "uninstall-helm-release", step => UninstallAsync(step, plan.Options), requiredBy: WellKnownPipelineSteps.Destroy);
    }

    /// <summary>Refuses what cannot work, before Aspire starts.</summary>
    /// <exception cref="StackException">An option is missing or has no meaning here, or a program is not installed.</exception>
    public static void Check(AspireArguments arguments, StackOptions options)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Parts.Contains(StackPart.Elasticsearch) && StackPart.All.FirstOrDefault(
            part => part.Needs == StackPart.Elasticsearch && !options.Parts.Contains(part)) is { } alone)
        {
            throw new StackException(
                $"In Kubernetes {alone} cannot be left out alone: leave out {StackPart.Elasticsearch}, or keep both.", ExitCodes.Usage);
        }

        var deploys = arguments.HasStep(WellKnownPipelineSteps.Deploy);
        if (deploys && options.NodeImage is null)
        {
            throw new StackException(
                "A cluster pulls the nodes' image from a registry: push it, and name it with --node-image REGISTRY/NAME:TAG.",
                ExitCodes.Usage);
        }

        if (deploys || arguments.HasStep(WellKnownPipelineSteps.Destroy))
            _ = (Program("helm"), Program("kubectl"));
    }

    private static async Task PublishAsync(PipelineStepContext step, MeshPlan plan, string folder)
    {
        var chart = HelmChart.In(folder);
        if (!HelmChart.IsSource(chart))
        {
            HelmChart.Write(plan, chart);
            step.Summary.Add("Chart", chart);
            return;
        }

        var rules = Path.Combine(folder, "kubernetes", KubernetesRules.Path);
        await File.WriteAllTextAsync(rules, KubernetesRules.Generate(plan.File("alerts/rules")), step.CancellationToken);
        LogSource(step.Logger, chart, rules);
    }

    private static async Task UpgradeAsync(PipelineStepContext step, StackOptions options, string folder)
    {
        var chart = HelmChart.In(folder);
        if (HelmChart.IsSource(chart))
            throw new StackException($"{chart} has none of the options as its values: deploy through another folder.", ExitCodes.Usage);
        string[] values = options.Values is { } file ? ["--values", Path.GetFullPath(file)] : [];
        await HelmAsync(step, options, ["upgrade", "--install", Release, chart, "--wait", "--atomic", "--timeout", Timeout, .. values]);
    }

    private static Task UninstallAsync(PipelineStepContext step, StackOptions options) =>
        HelmAsync(step, options, ["uninstall", Release, "--wait", "--timeout", Timeout]);

    // Helm gets the context by name: somebody may switch contexts while it runs.
    private static async Task HelmAsync(PipelineStepContext step, StackOptions options, string[] arguments)
    {
        var context = await ExportTool.RunAsync(Program("kubectl"), ["config", "current-context"], step.CancellationToken);
        if (context.ExitCode != 0 || context.Output.Length == 0)
            throw new StackException("kubectl has no current context; choose one with kubectl config use-context NAME.", ExitCodes.Unfit);
        string[] all = [.. arguments, "--kube-context", context.Output, "--namespace", options.Namespace];
        var shown = string.Join(' ', all);
        LogActs(step.Logger, context.Output, options.Namespace, shown);
        var helm = await ExportTool.RunAsync(Program("helm"), all, step.CancellationToken);
        if (helm.ExitCode != 0)
            throw new InvalidOperationException($"helm {arguments[0]} ended with exit code {helm.ExitCode}: {helm.Errors}");
        LogResult(step.Logger, helm.Output);
        step.Summary.Add("Context", context.Output);
        step.Summary.Add("Namespace", options.Namespace);
    }

    private static string Program(string name) => ToolPath.Find(Environment.GetEnvironmentVariable("PATH"), name)
        ?? throw new StackException($"There is no program {name} on PATH, which --target kubernetes needs.", ExitCodes.Unfit);

    [LoggerMessage(EventName = "ChartIsTheSource", Level = LogLevel.Information,
        Message = "{Chart} is the chart that exports are made from and stays as it is; {Rules} was generated again")]
    private static partial void LogSource(ILogger logger, string chart, string rules);

    [LoggerMessage(EventName = "ClusterChanges", Level = LogLevel.Information,
        Message = "Context {Context}, namespace {Namespace}: helm {Arguments}")]
    private static partial void LogActs(ILogger logger, string context, string @namespace, string arguments);

    [LoggerMessage(EventName = "HelmAnswered", Level = LogLevel.Information, Message = "{Output}")]
    private static partial void LogResult(ILogger logger, string output);
}
