using System.Diagnostics;
using System.Reflection;
using Meshara.AppHost.Plan;
using Meshara.Harness;

namespace Meshara.AppHost.Export;

/// <summary>Writes Aspire's manifest and the compose file.</summary>
internal static class Exporter
{
    private const string Manifest = "aspire-manifest.json";
    private const string Compose = "compose";

    /// <summary>Writes both formats and replaces existing files.</summary>
    /// <param name="folder">The target folder.</param>
    /// <param name="own">The host's own arguments, including the command.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string folder, string[] own)
    {
        ArgumentNullException.ThrowIfNull(own);
        // One process per format: an application publishes a single format and exits.
        var options = own.Where(argument => argument != ExportCommand.Name && argument != folder).ToArray();
        var manifest = Path.GetFullPath(Path.Combine(folder, Manifest));
        var compose = Path.GetFullPath(Path.Combine(folder, Compose));
        if (await PublishAsync([.. options, "--publisher", "manifest", "--output-path", manifest]) is not 0 and var failed)
            return failed;
        if (Directory.Exists(compose))
            Directory.EnumerateFiles(compose).ToList().ForEach(File.Delete);
        var mounted = Path.Combine(compose, StackPart.Prometheus.Name);
        if (Directory.Exists(mounted))
            Directory.Delete(mounted, recursive: true);
        string[] publish = [.. options, "--operation", "publish", "--step", "publish", "--output-path", compose];
        if (await PublishAsync(publish) is not 0 and var failedToo)
            return failedToo;

        // Compose loads .env by default, which invites filling in secrets inside the repository.
        var example = Path.Combine(compose, "env.example");
        File.Move(Path.Combine(compose, ".env"), example);
        await File.AppendAllTextAsync(example, ComposeParameters.Example);
        return ExitCodes.Success;
    }

    private static async Task<int> PublishAsync(string[] arguments)
    {
        var self = Environment.ProcessPath ?? throw new InvalidOperationException("this process has no path");
        // If started as `dotnet Meshara.AppHost.dll`, the process is the dotnet muxer, which needs the assembly's path.
        string[] program = Path.GetFileNameWithoutExtension(self).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
            ? [Assembly.GetEntryAssembly()!.Location]
            : [];
        using var process = Process.Start(new ProcessStartInfo(self, [.. program, .. arguments]))!;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
