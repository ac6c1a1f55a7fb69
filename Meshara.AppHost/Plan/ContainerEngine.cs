using System.ComponentModel;
using System.Diagnostics;

namespace Meshara.AppHost.Plan;

/// <summary>The command-line client of Docker or Podman.</summary>
/// <param name="Client">Its name.</param>
internal sealed record ContainerEngine(string Client)
{
    /// <summary>What Aspire builds the end of its tunnel on.</summary>
    public const string TunnelImage = "mcr.microsoft.com/azurelinux/base/core:3.0";

    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PullDeadline = TimeSpan.FromMinutes(3);

    /// <summary>The one that Aspire will use.</summary>
    public static ContainerEngine FromEnvironment() => new(
        Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME")
        ?? Environment.GetEnvironmentVariable("DOTNET_ASPIRE_CONTAINER_RUNTIME")
        ?? "docker");

    /// <summary>Says in one line why nothing can run in containers; null when the engine answers.</summary>
    /// <param name="isScraped">True when a container is to scrape the nodes.</param>
    public async Task<string?> FindFaultAsync(bool isScraped)
    {
        var (exitCode, output) = await RunAsync(AnswerDeadline, "version", "--format", "{{.Server.Version}}");
        // A client without an engine behind it is no engine: Aspire would wait for it for a minute and show no dashboard.
        return exitCode != 0 ? $"no container engine answers ({Client}: {output})"
            : isScraped && Client == "docker" ? await FindTunnelFaultAsync()
            : null;
    }

    /// <summary>Names of the containers that run.</summary>
    public async Task<IReadOnlySet<string>> RunningAsync()
    {
        var (exitCode, output) = await RunAsync(AnswerDeadline, "ps", "--format", "{{.Names}}");
        return exitCode == 0
            ? output.Split(['\n', ' '], StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal)
            : new HashSet<string>();
    }

    // Containers reach the nodes through a tunnel. Aspire builds its end in the container network itself, with buildx, on a base image;
    // where either is missing the container that needs the tunnel never starts, and nobody says why.
    private async Task<string?> FindTunnelFaultAsync()
    {
        if (await RunAsync(AnswerDeadline, "buildx", "version") is (not 0, var why))
            return $"containers cannot reach the nodes without docker buildx ({why})";
        if ((await RunAsync(AnswerDeadline, "image", "inspect", TunnelImage)).ExitCode == 0)
            return null;
        // Aspire would pull it a moment later.
        return await RunAsync(PullDeadline, "pull", "--quiet", TunnelImage) is (not 0, var refusal)
            ? $"containers cannot reach the nodes without {TunnelImage}, which cannot be pulled ({refusal})"
            : null;
    }

    /// <summary>Runs the client.</summary>
    /// <returns>Its exit code, and what it printed or why it did not run.</returns>
    public async Task<(int ExitCode, string Output)> RunAsync(TimeSpan deadline, params string[] arguments)
    {
        using var limit = new CancellationTokenSource(deadline);
        try
        {
            var start = new ProcessStartInfo(Client, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(limit.Token);
                var error = process.StandardError.ReadToEndAsync(limit.Token);
                await process.WaitForExitAsync(limit.Token);
                var text = $"{await output}{(process.ExitCode == 0 ? "" : await error)}".Trim();
                return (process.ExitCode, process.ExitCode == 0 ? text : text.ReplaceLineEndings(" "));
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return (-1, $"no answer within {deadline.TotalSeconds:0} s");
            }
        }
        catch (Win32Exception exception)
        {
            return (-1, exception.Message);
        }
    }
}
