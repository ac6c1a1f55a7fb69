using System.ComponentModel;
using System.Diagnostics;

namespace Meshara.AppHost.Plan;

/// <summary>The command-line client of Docker or Podman.</summary>
/// <param name="Client">The client's command: <c>docker</c> or <c>podman</c>.</param>
internal sealed record ContainerEngine(string Client)
{
    /// <summary>Base image of the tunnel's end that Aspire builds for the container network.</summary>
    public const string TunnelImage = "mcr.microsoft.com/azurelinux/base/core:3.0";

    private static readonly string[] Variables = ["ASPIRE_CONTAINER_RUNTIME", "DOTNET_ASPIRE_CONTAINER_RUNTIME"];
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PullDeadline = TimeSpan.FromMinutes(3);

    /// <summary>The engine that Aspire will use.</summary>
    public static ContainerEngine FromEnvironment() => new(
        Variables.Select(Environment.GetEnvironmentVariable).FirstOrDefault(name => !string.IsNullOrWhiteSpace(name)) ?? "docker");

    /// <summary>Says in one line why servers cannot run in containers; null if they can.</summary>
    /// <param name="isScraped">True if a container is to scrape the nodes.</param>
    public async Task<string?> FindFaultAsync(bool isScraped)
    {
        var (exitCode, output) = await RunAsync(AnswerDeadline, "version", "--format", "{{.Server.Version}}");
        // If the client is installed but no engine answers, Aspire waits for one for a minute and shows no dashboard.
        return exitCode != 0 ? $"no container engine answers ({Client}: {output})"
            : isScraped && Client == "docker" ? await FindTunnelFaultAsync()
            : null;
    }

    /// <summary>Names of the running containers; empty if the engine does not answer.</summary>
    public async Task<IReadOnlySet<string>> RunningAsync()
    {
        var (exitCode, output) = await RunAsync(AnswerDeadline, "ps", "--format", "{{.Names}}");
        return exitCode == 0
            ? output.Split(['\n', ' '], StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal)
            : new HashSet<string>();
    }

    // Containers reach the nodes through a tunnel. Aspire builds the tunnel's end in the container network with buildx, on a base image.
    // If either is missing, the container that needs the tunnel never starts, and no error is shown.
    private async Task<string?> FindTunnelFaultAsync()
    {
        if (await RunAsync(AnswerDeadline, "buildx", "version") is (not 0, var why))
            return $"containers cannot reach the nodes without docker buildx ({why})";
        if ((await RunAsync(AnswerDeadline, "image", "inspect", TunnelImage)).ExitCode == 0)
            return null;
        // Aspire is about to pull it anyway.
        return await RunAsync(PullDeadline, "pull", "--quiet", TunnelImage) is (not 0, var refusal)
            ? $"containers cannot reach the nodes without {TunnelImage}, which cannot be pulled ({refusal})"
            : null;
    }

    /// <summary>Runs the client.</summary>
    /// <returns>Its exit code and output; -1 and the reason if it did not start or did not answer in time.</returns>
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
