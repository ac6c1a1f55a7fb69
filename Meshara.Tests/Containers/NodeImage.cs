using System.Security.Cryptography;
using Meshara.Tests.Alerts;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Containers;

/// <summary>Builds the node's container image out of the build that is being tested.</summary>
internal static class NodeImage
{
    private const string Repository = "meshara-node";

    /// <summary>Where the image keeps keys and storage.</summary>
    public const string Data = "/home/app";

    /// <summary>Where it writes log files.</summary>
    public const string Logs = "/var/log/meshara";

    /// <summary>The user it runs as, <c>app</c> of .NET's images.</summary>
    public const int User = 1654;

    /// <summary>The ports it listens on.</summary>
    public const int MeshPort = 8443, HttpPort = 8080, MetricsPort = 9090;

    /// <summary>Publishes it to the local engine, under a tag of its own: another run on the same machine has another.</summary>
    /// <returns>The image, or why there is none.</returns>
    public static async Task<(string? Image, string? Why)> BuildAsync()
    {
        var tag = $"test-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var build = await ExternalTool.RunOrSkipAsync(
            "dotnet", "dotnet-sdk-10.0", "publish", Path.Combine(AlertFiles.Root, "Meshara.Node"), "--no-build", "--configuration", HostProgram.Configuration,
            "--verbosity", "quiet", "--nologo", "-nodeReuse:false", "-t:PublishContainer", $"-p:ContainerImageTag={tag}");
        return build.ExitCode == 0
            ? ($"{Repository}:{tag}", null)
            : (null, $"The node's image cannot be built: {Reason(build.Output)}");
    }

    // MSBuild tells of a task that threw in a line a frame, each led by the file and code of the error; the exception's own says why.
    private static string Reason(string output)
    {
        var errors = output.Split('\n').Where(line => line.Contains("error ", StringComparison.Ordinal)).ToArray();
        var error = errors.FirstOrDefault(line => line.Contains("Exception: ", StringComparison.Ordinal)) ?? errors.FirstOrDefault() ?? output.Trim();
        return error[(error.IndexOf("error ", StringComparison.Ordinal) is >= 0 and var at ? at : 0)..].Split(" [")[0].Trim();
    }
}
