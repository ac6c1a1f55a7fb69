using Meshara.Tests.Alerts;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Stack.Deploy;

/// <summary>The architectures for which the node's image is built, as MSBuild evaluates the project.</summary>
public sealed class ImageArchitectureTests
{
    [Theory]
    [InlineData("registry.example.org", "linux-x64;linux-arm64")]
    [InlineData("", "")]
    public async Task An_image_in_a_registry_is_for_both_architectures_and_a_local_one_for_its_own(string registry, string architectures)
    {
        var build = await ExternalTool.RunOrSkipAsync(
            "dotnet", "dotnet-sdk-10.0", "msbuild", Path.Combine(DeployFiles.Repository, "Meshara.Node"),
            $"-p:Configuration={HostProgram.Configuration}", $"-p:ContainerRegistry={registry}", "-getProperty:RuntimeIdentifiers");
        Assert.True(build.ExitCode == 0, build.Output);
        Assert.Equal(architectures, build.Output.Trim());
    }
}
