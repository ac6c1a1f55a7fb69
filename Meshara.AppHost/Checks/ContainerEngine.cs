using System.ComponentModel;
using System.Diagnostics;

namespace Meshara.AppHost.Checks;

/// <summary>The command-line client of Docker or Podman.</summary>
/// <param name="Client">Its name.</param>
internal sealed record ContainerEngine(string Client)
{
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(15);

    /// <summary>The one that Aspire will use.</summary>
    public static ContainerEngine FromEnvironment() => new(
        Environment.GetEnvironmentVariable("ASPIRE_CONTAINER_RUNTIME") ?? Environment.GetEnvironmentVariable("DOTNET_ASPIRE_CONTAINER_RUNTIME") ?? "docker");

    /// <summary>Says what is wrong with the engine; null when it answers.</summary>
    public async Task<Finding?> FindAsync()
    {
        var (exitCode, output) = await RunAsync(AnswerDeadline, "version", "--format", "{{.Server.Version}}");
        return exitCode == 0
            ? null
            : new Finding($"No container engine answers ({Client}: {output}): start Docker or Podman, or run the mesh without containers with --engine local.");
    }

    /// <summary>Names of the containers that run.</summary>
    public async Task<IReadOnlySet<string>> RunningAsync()
    {
        var (exitCode, output) = await RunAsync(AnswerDeadline, "ps", "--format", "{{.Names}}");
        return exitCode == 0 ? output.Split(['\n', ' '], StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal) : new HashSet<string>();
    }

    /// <summary>Runs the client.</summary>
    /// <returns>Its exit code, and what it printed or why it did not run.</returns>
    public async Task<(int ExitCode, string Output)> RunAsync(TimeSpan deadline, params string[] arguments)
    {
        using var limit = new CancellationTokenSource(deadline);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(Client, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
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
