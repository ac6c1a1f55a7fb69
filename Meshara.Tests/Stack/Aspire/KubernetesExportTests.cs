using k8s.Models;
using Meshara.Harness;
using Meshara.Tests.Alerts;
using Meshara.Tests.Deploy;
using Meshara.Tests.Stack.Deploy;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>
/// <c>--target kubernetes</c>: the chart that is published, and what a deployment asks of Helm. No cluster is reached: a script in place
/// of Helm records its arguments.
/// </summary>
public sealed class KubernetesExportTests : IDisposable
{
    private const string Rules = "kubernetes/base/rules.yaml", Digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private static readonly string[] Kubernetes = ["--target", "kubernetes"];
    private static readonly string[] Image = ["--node-image", "localhost:5000/meshara-node:1.0"];

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string ChartFolder => _folder.File("out/helm/meshara");

    private string Calls => _folder.File("calls");

    [Fact]
    public async Task A_published_chart_has_the_hosts_options_as_its_values()
    {
        await ExportAsync("--nodes", "7", "--without", "jaeger", "--node-image", $"localhost:5000/meshara-node:1.0@{Digest}");
        var values = Assert.Single(YamlFile.Parse(await File.ReadAllTextAsync(Path.Combine(ChartFolder, "values.yaml"), Cancel)));
        var expected = YamlFile.Read("deploy/helm/meshara/values.yaml");
        expected["nodes"]!["count"] = 7;
        expected["traces"]!["enabled"] = false;
        expected["image"]!["repository"] = "localhost:5000/meshara-node";
        expected["image"]!["tag"] = "1.0";
        expected["image"]!["digest"] = Digest;
        Assert.Equal(expected.ToJsonString(), values.ToJsonString());
    }

    [Fact]
    public async Task A_published_chart_needs_no_file_outside_of_it()
    {
        Directory.CreateDirectory(ChartFolder);
        await File.WriteAllTextAsync(Path.Combine(ChartFolder, "of-before.yaml"), "", Cancel);
        await ExportAsync();
        var source = Path.Combine(DeployFiles.Repository, "deploy/helm/meshara");
        Assert.Equal(Below(source), Below(ChartFolder));
        Assert.All(
            Directory.GetFileSystemEntries(ChartFolder, "*", SearchOption.AllDirectories), path => Assert.Null(new FileInfo(path).LinkTarget));
        Assert.All(
            Below(source), file => Assert.Equal(File.ReadAllText(Path.Combine(source, file)), File.ReadAllText(Path.Combine(ChartFolder, file))));
    }

    [Fact]
    public async Task Helm_accepts_a_published_chart()
    {
        await ExportAsync(["--nodes", "7", "--without", "elasticsearch", .. Image]);
        await AssertHelmAcceptsAsync();
    }

    [Fact]
    public async Task Aspires_command_line_publishes_a_chart()
    {
        Assert.SkipUnless(
            ExternalTool.IsInstalled("aspire"),
            "Aspire's command line is not installed: there is no 'aspire' on PATH, and MESHARA_ASPIRE names none.");
        Assert.SkipUnless(HostProgram.Configuration == "Debug", "Aspire's command line runs what was built as Debug.");
        var run = await ExternalTool.RunOrSkipAsync(
            "aspire", "aspire",
            [
                "publish", "--apphost", "Meshara.AppHost/Meshara.AppHost.csproj", "--no-build", "--non-interactive", "--nologo",
                "-o", _folder.File("out"), "--", .. Kubernetes, "--nodes", "7", "--without", "elasticsearch", .. Image,
            ]);
        Assert.True(run.ExitCode == 0, run.Output);
        await AssertHelmAcceptsAsync();
    }

    [Fact]
    public async Task Where_the_chart_comes_from_only_the_rules_are_generated()
    {
        foreach (var folder in (string[])["out/helm/meshara/files", "out/kubernetes/base"])
            Directory.CreateDirectory(_folder.File(folder));
        Directory.CreateSymbolicLink(Path.Combine(ChartFolder, "files/alerts"), Path.Combine(DeployFiles.Repository, "alerts"));
        await ExportAsync();
        Assert.Equal(
            await File.ReadAllTextAsync(Path.Combine(DeployFiles.Repository, "deploy", Rules), Cancel),
            await File.ReadAllTextAsync(_folder.File($"out/{Rules}"), Cancel));
        Assert.Empty(Directory.GetFiles(ChartFolder));
    }

    [Fact]
    public async Task A_deployment_says_where_it_acts_and_upgrades_the_release()
    {
        await using var host = await DeployAsync("deploy", [.. Image, "--namespace", "mesh-1", "--values", "values.yaml"]);
        Assert.True(await host.ExitAsync(Cancel) == 0, host.Output);
        Assert.Equal(
            $"helm upgrade --install mesh {ChartFolder} --wait --atomic --timeout 15m --values {Path.GetFullPath("values.yaml")} "
            + "--kube-context kind-test --namespace mesh-1",
            Assert.Single(await File.ReadAllLinesAsync(Calls, Cancel)));
        Assert.Contains("Context kind-test, namespace mesh-1: helm upgrade --install mesh", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_release_is_uninstalled_where_it_was_installed()
    {
        await using var host = await DeployAsync("destroy", ["--yes", "true"]);
        Assert.True(await host.ExitAsync(Cancel) == 0, host.Output);
        Assert.Equal(
            "helm uninstall mesh --wait --timeout 15m --kube-context kind-test --namespace meshara",
            Assert.Single(await File.ReadAllLinesAsync(Calls, Cancel)));
    }

    [Fact]
    public async Task A_deployment_that_Helm_refuses_fails_with_its_words()
    {
        await using var host = await DeployAsync("deploy", Image, "echo 'nodes are not ready' >&2; exit 3");
        Assert.Equal(ExitCodes.Failure, await host.ExitAsync(Cancel));
        Assert.Contains("helm upgrade ended with exit code 3: nodes are not ready", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deployment_without_a_context_changes_nothing()
    {
        await using var host = await DeployAsync("deploy", Image, kubectl: "exit 1");
        Assert.Equal(ExitCodes.Failure, await host.ExitAsync(Cancel));
        Assert.Contains("kubectl has no current context", host.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Calls));
    }

    [Theory]
    [InlineData("deploy", "", ExitCodes.Usage, "A cluster pulls the nodes' image from a registry: push it, and name it with --node-image")]
    [InlineData("deploy", "--node-image n:1", ExitCodes.Unfit, "There is no program helm on PATH, which --target kubernetes needs.")]
    [InlineData("destroy", "", ExitCodes.Unfit, "There is no program helm on PATH, which --target kubernetes needs.")]
    [InlineData("publish", "--without kibana", ExitCodes.Usage, "In Kubernetes kibana cannot be left out alone: leave out elasticsearch")]
    public async Task What_cannot_work_is_refused_in_a_line(string step, string options, int exitCode, string reason)
    {
        var start = HostProgram.Start(
            HostProgram.Host, [.. Step(step), .. Kubernetes, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        start.Environment["PATH"] = _folder.Path;
        await using var host = new RunningProgram(start);
        Assert.Equal(exitCode, await host.ExitAsync(Cancel));
        Assert.Contains(reason, Assert.Single(host.Output.Split('\n')), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("out")));
    }

    public void Dispose() => _folder.Dispose();

    private static string[] Below(string folder) =>
    [
        .. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal),
    ];

    private string[] Step(string name) => ["--operation", "publish", "--step", name, "--output-path", _folder.File("out")];

    private async Task ExportAsync(params string[] options)
    {
        await using var host = new RunningProgram(HostProgram.Start(HostProgram.Host, ["export", _folder.File("out"), .. Kubernetes, .. options]));
        Assert.True(await host.ExitAsync(Cancel) == 0, host.Output);
    }

    private async Task AssertHelmAcceptsAsync()
    {
        var lint = await Chart.HelmAsync("lint", "--strict", ChartFolder);
        Assert.True(lint.ExitCode == 0, lint.Output);
        var rendered = await Chart.HelmAsync("template", "mesh", ChartFolder, "--namespace", "meshara");
        Assert.True(rendered.ExitCode == 0, rendered.Output);
        var manifests = Manifests.Parse(rendered.Answer);
        var nodes = manifests.Find<V1StatefulSet>("node").Spec;
        Assert.Equal((7, Image[1]), (nodes.Replicas, Assert.Single(nodes.Template.Spec.Containers).Image));
        Assert.NotEmpty(manifests.All<OperatorTypes.PrometheusRule>());
    }

    // Scripts in place of Helm and kubectl, which reach no cluster here.
    private async Task<RunningProgram> DeployAsync(string step, string[] options, string helm = "exit 0", string kubectl = "echo kind-test")
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Shell scripts stand in for Helm and kubectl.");
        await ScriptAsync("helm", $"echo \"helm $*\" >>'{Calls}'; {helm}");
        await ScriptAsync("kubectl", $"[ \"$*\" = 'config current-context' ] || exit 9; {kubectl}");
        var start = HostProgram.Start(HostProgram.Host, [.. Step(step), .. Kubernetes, .. options]);
        start.Environment["PATH"] = _folder.Path;
        return new RunningProgram(start);
    }

    private async Task ScriptAsync(string name, string commands)
    {
        var path = _folder.File(name);
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n{commands}\n", Cancel);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
