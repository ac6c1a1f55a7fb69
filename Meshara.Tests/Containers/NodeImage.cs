using System.Security.Cryptography;
using Meshara.Tests.Alerts;
using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Containers;

/// <summary>Builds the node's container image from the build under test.</summary>
internal static class NodeImage
{
    private const string Repository = "meshara-node";

    /// <summary>The image's folder for keys and storage.</summary>
    public const string Data = "/home/app";

    /// <summary>The image's folder for log files.</summary>
    public const string Logs = "/var/log/meshara";

    /// <summary>The id of its user, <c>app</c> in .NET's images.</summary>
    public const int User = 1654;

    /// <summary>The ports it listens on.</summary>
    public const int MeshPort = 8443, HttpPort = 8080, MetricsPort = 9090;

    /// <summary>Publishes the image to the local engine, with a tag unique to this run.</summary>
    /// <returns>The image, or why it could not be built.</returns>
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

    // MSBuild prints an exception with one error line per stack frame; the line with the exception's own text has the reason.
    private static string Reason(string output)
    {
        var errors = output.Split('\n').Where(line => line.Contains("error ", StringComparison.Ordinal)).ToArray();
        var error = errors.FirstOrDefault(line => line.Contains("Exception: ", StringComparison.Ordinal)) ?? errors.FirstOrDefault() ?? output.Trim();
        return error[(error.IndexOf("error ", StringComparison.Ordinal) is >= 0 and var at ? at : 0)..].Split(" [")[0].Trim();
    }
}
