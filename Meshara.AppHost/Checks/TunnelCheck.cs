using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Resources;

namespace Meshara.AppHost.Checks;

/// <summary>
/// Containers reach the nodes through a tunnel whose end in the container network Aspire builds itself, with buildx, on a base image.
/// Where either is missing, the container that needs the tunnel never starts, and nobody says why.
/// </summary>
internal static class TunnelCheck
{
    internal const string BaseImage = "mcr.microsoft.com/azurelinux/base/core:3.0";
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PullDeadline = TimeSpan.FromMinutes(3);

    /// <summary>Finds what is missing; the base image is pulled, as Aspire would do a moment later.</summary>
    public static async Task<IReadOnlyList<Finding>> FindAsync(DistributedApplicationModel model, ContainerEngine engine)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(engine);
        var prometheus = model.Resources.OfType<PrometheusResource>().FirstOrDefault();
        if (prometheus is null || engine.Client != "docker")
            return [];
        if (await engine.RunAsync(AnswerDeadline, "buildx", "version") is (not 0, var why))
            return [new Finding($"docker buildx is missing ({why}), and without it Prometheus cannot reach the nodes: install it (docker-buildx-plugin), or leave Prometheus out with --without prometheus.")];
        if ((await engine.RunAsync(AnswerDeadline, "image", "inspect", BaseImage)).ExitCode == 0)
            return [];
        return await engine.RunAsync(PullDeadline, "pull", "--quiet", BaseImage) is (not 0, var refusal)
            ? [new Finding($"{BaseImage} cannot be pulled ({refusal}), and without it Prometheus cannot reach the nodes: make the registry reachable, load the image, or leave Prometheus out with --without prometheus.")]
            : [];
    }
}
