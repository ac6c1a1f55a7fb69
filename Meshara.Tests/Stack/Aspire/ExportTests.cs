using Meshara.Tests.Stack.Deploy;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Aspire;

public sealed class ExportTests
{
    [Fact]
    public async Task The_exports_in_the_repository_are_current()
    {
        using var folder = new TemporaryFolder();
        await using var export = new RunningProgram(HostProgram.Start(HostProgram.Host, "export", folder.Path));
        Assert.True(await export.ExitAsync(TestContext.Current.CancellationToken) == 0, export.Output);

        string[] files = ["aspire-manifest.json", .. Below(folder.Path)];
        Assert.Equal(Below(Path.Combine(DeployFiles.Repository, "deploy")), Below(folder.Path));
        Assert.All(files, file => Assert.True(
            File.ReadAllText(folder.File(file)) == File.ReadAllText(Path.Combine(DeployFiles.Repository, "deploy", file)),
            $"deploy/{file} is not what the model says. Write it again with: dotnet run --project Meshara.AppHost -- export"));
    }

    private static string[] Below(string folder) =>
    [
        .. Directory.GetFiles(Path.Combine(folder, "compose"), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal),
    ];
}
