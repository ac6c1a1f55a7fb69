using Aspire.Hosting;
using Aspire.Hosting.Pipelines;
using Meshara.AppHost.Plan;
using Meshara.Harness;

namespace Meshara.AppHost.Export;

/// <summary>
/// The steps that this host adds to <c>aspire publish</c> and <c>aspire deploy</c>: the compose file goes into the folder
/// <c>compose</c>, the manifest beside it, and a deployment builds the nodes' image first.
/// </summary>
internal static class ExportSteps
{
    // Steps of the environment (ComposeExport.Docker.cs), as Aspire.Hosting.Docker names them.
    private const string PublishCompose = $"publish-{ComposeExport.EnvironmentName}";
    private const string PrepareCompose = $"prepare-{ComposeExport.EnvironmentName}";
    private const string StartCompose = $"docker-compose-up-{ComposeExport.EnvironmentName}";
    private const string Settings = ".env", Example = "env.example";

    /// <summary>Adds the steps.</summary>
    /// <param name="builder">The application's builder.</param>
    /// <param name="own">The host's own options.</param>
    public static void AddExportSteps(this IDistributedApplicationBuilder builder, IReadOnlyCollection<string> own)
    {
        var folder = OutputFolder.Of(builder);
        var compose = Path.Combine(folder, "compose");
        builder.Configuration[OutputFolder.Key] = compose;

        builder.Pipeline.AddStep("clear-export", _ => ClearAsync(compose), requiredBy: PublishCompose);
        builder.Pipeline.AddStep(
            "complete-export", _ => CompleteAsync(compose), dependsOn: PublishCompose, requiredBy: WellKnownPipelineSteps.Publish);
        builder.Pipeline.AddStep(
            "export-manifest", step => ManifestFile.WriteAsync(own, Path.Combine(folder, ManifestFile.Name), step.CancellationToken),
            requiredBy: WellKnownPipelineSteps.Publish);
        builder.Pipeline.AddStep("build-node-image", BuildImageAsync, requiredBy: StartCompose);
        builder.Pipeline.AddStep("protect-settings", _ => ProtectAsync(compose), dependsOn: PrepareCompose, requiredBy: StartCompose);
    }

    private static Task ClearAsync(string compose)
    {
        // Publishing overwrites this file, which may hold the user's secrets.
        if (File.Exists(Path.Combine(compose, Settings)))
        {
            throw new StackException(
                $"{Path.Combine(compose, Settings)} is there, and publishing would replace it: move it, or publish into another folder.",
                ExitCodes.Usage);
        }

        // Removes rules and targets that no longer exist.
        var mounted = Path.Combine(compose, StackPart.Prometheus.Name);
        if (Directory.Exists(mounted))
            Directory.Delete(mounted, recursive: true);
        return Task.CompletedTask;
    }

    private static async Task CompleteAsync(string compose)
    {
        // Compose loads .env by default, which invites filling in secrets inside the repository.
        var example = Path.Combine(compose, Example);
        File.Move(Path.Combine(compose, Settings), example, overwrite: true);
        await File.AppendAllTextAsync(example, ComposeParameters.Example);
    }

    // .env.Production holds the deployment's passwords, and Aspire writes it readable for everyone.
    private static Task ProtectAsync(string compose)
    {
        if (!OperatingSystem.IsWindows())
        {
            foreach (var file in Directory.GetFiles(compose, $"{Settings}.*"))
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return Task.CompletedTask;
    }

    // Builds into this machine's engine. If the user names an image, it exists already.
    private static async Task BuildImageAsync(PipelineStepContext step)
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(ComposeParameters.NodeImage)))
            return;
        var project = Path.Combine(Locations.Repository(), "Meshara.Node");
        string[] publish = ["publish", project, "-c", "Release", "-t:PublishContainer", "-v", "q"];
        var built = await ExportTool.RunAsync("dotnet", publish, step.CancellationToken);
        if (built.ExitCode != 0)
        {
            throw new InvalidOperationException(
                $"The nodes' image was not built: dotnet {string.Join(' ', publish)}\n{built.Output}\n{built.Errors}");
        }

        step.Summary.Add("Image", ContainerImage.Node);
    }
}
