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

        string[] files = ["aspire-manifest.json", "compose/docker-compose.yaml", "compose/env.example"];
        Assert.All(files, file => Assert.True(
            File.ReadAllText(folder.File(file)) == File.ReadAllText(Path.Combine(DeployFiles.Repository, "deploy", file)),
            $"deploy/{file} is not what the model says. Write it again with: dotnet run --project Meshara.AppHost -- export"));
    }
}
