using Meshara.AppHost.Plan;
using Meshara.Tests.Alerts;
using Meshara.Tests.Stack.Deploy;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Aspire;

/// <summary>The output of <c>aspire publish</c>, from any program, equals the files in the repository.</summary>
public sealed class ExportTests : IDisposable
{
    // The arguments that Aspire's CLI passes to the host.
    private static readonly string[] Publish = ["--operation", "publish", "--step", "publish", "--output-path"];

    private const string NoPackages = "This host was built without Aspire.Hosting.Docker and Aspire.Hosting.Elasticsearch.";

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_exports_in_the_repository_are_current()
    {
        Assert.SkipUnless(Packages.HaveContainers, NoPackages);
        await RunAsync("export", _folder.Path);
        AssertCurrent();
    }

    [Fact]
    public async Task Publishing_writes_them_again_without_what_is_no_more()
    {
        Assert.SkipUnless(Packages.HaveContainers, NoPackages);
        Directory.CreateDirectory(_folder.File("compose/prometheus/rules"));
        await File.WriteAllTextAsync(_folder.File("compose/prometheus/rules/of-before.yml"), "groups: []", Cancel);
        await RunAsync([.. Publish, _folder.Path]);
        await RunAsync([.. Publish, _folder.Path]);
        AssertCurrent();
    }

    [Fact]
    public async Task Aspires_command_line_publishes_them()
    {
        Assert.SkipUnless(Packages.HaveContainers, NoPackages);
        Assert.SkipUnless(
            ExternalTool.IsInstalled("aspire"),
            "Aspire's command line is not installed: there is no 'aspire' on PATH, and MESHARA_ASPIRE names none.");
        Assert.SkipUnless(HostProgram.Configuration == "Debug", "Aspire's command line runs what was built as Debug.");
        var run = await ExternalTool.RunOrSkipAsync(
            "aspire", "aspire", "publish", "--apphost", "Meshara.AppHost/Meshara.AppHost.csproj", "--no-build", "--non-interactive",
            "--nologo", "-o", _folder.Path);
        Assert.True(run.ExitCode == 0, run.Output);
        AssertCurrent();
    }

    [Fact]
    public async Task Somebodys_settings_are_not_replaced()
    {
        Assert.SkipUnless(Packages.HaveContainers, NoPackages);
        Directory.CreateDirectory(_folder.File("compose"));
        await File.WriteAllTextAsync(_folder.File("compose/.env"), "API_TOKEN=secret", Cancel);
        await using var host = new RunningProgram(HostProgram.Start(HostProgram.Host, [.. Publish, _folder.Path]));
        Assert.NotEqual(0, await host.ExitAsync(Cancel));
        Assert.Contains(".env is there, and publishing would replace it", host.Output, StringComparison.Ordinal);
        Assert.Equal("API_TOKEN=secret", await File.ReadAllTextAsync(_folder.File("compose/.env"), Cancel));
        Assert.False(File.Exists(_folder.File("compose/docker-compose.yaml")));
    }

    [Fact]
    public async Task A_host_without_the_packages_says_in_a_line_that_it_cannot_publish()
    {
        Assert.SkipWhen(Packages.HaveContainers, "This host was built with the packages.");
        await using var host = new RunningProgram(HostProgram.Start(HostProgram.Host, [.. Publish, _folder.Path]));
        Assert.Equal(Harness.ExitCodes.Unfit, await host.ExitAsync(Cancel));
        Assert.Contains(
            "This export needs Aspire.Hosting.Docker and Aspire.Hosting.Elasticsearch.", Assert.Single(host.Output.Split('\n')),
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static async Task RunAsync(params string[] arguments)
    {
        await using var host = new RunningProgram(HostProgram.Start(HostProgram.Host, arguments));
        Assert.True(await host.ExitAsync(Cancel) == 0, host.Output);
    }

    private void AssertCurrent()
    {
        string[] files = ["aspire-manifest.json", .. Below(_folder.Path)];
        Assert.Equal(Below(Path.Combine(DeployFiles.Repository, "deploy")), Below(_folder.Path));
        Assert.All(files, file => Assert.True(
            File.ReadAllText(_folder.File(file)) == File.ReadAllText(Path.Combine(DeployFiles.Repository, "deploy", file)),
            $"deploy/{file} is not what the model says. Write it again with: dotnet run --project Meshara.AppHost -- export"));
    }

    private static string[] Below(string folder) =>
    [
        .. Directory.GetFiles(Path.Combine(folder, "compose"), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal),
    ];
}
