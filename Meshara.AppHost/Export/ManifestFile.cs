using System.Diagnostics;
using System.Reflection;

namespace Meshara.AppHost.Export;

/// <summary>
/// Writes Aspire's manifest in a second process: in this one, the model has a compose environment, whose resources and
/// annotations would appear in the manifest.
/// </summary>
internal static class ManifestFile
{
    /// <summary>Name of the file.</summary>
    public const string Name = "aspire-manifest.json";

    // A process that finds this variable connects to Aspire's command line, which already has its application.
    private const string CommandLineConnection = "ASPIRE_BACKCHANNEL_PATH";

    /// <summary>Writes the manifest.</summary>
    /// <param name="own">The host's own options.</param>
    /// <param name="path">The file.</param>
    /// <param name="cancellation">Kills the process.</param>
    /// <exception cref="InvalidOperationException">The file was not written; the process has printed the reason.</exception>
    public static async Task WriteAsync(IEnumerable<string> own, string path, CancellationToken cancellation)
    {
        var self = Environment.ProcessPath ?? throw new InvalidOperationException("this process has no path");
        // If started as `dotnet Meshara.AppHost.dll`, the process is the dotnet muxer, which needs the assembly's path.
        string[] program = Path.GetFileNameWithoutExtension(self).Equals("dotnet", StringComparison.OrdinalIgnoreCase)
            ? [Assembly.GetEntryAssembly()!.Location]
            : [];
        var start = new ProcessStartInfo(self, [.. program, .. own, "--publisher", "manifest", "--output-path", path]);
        start.Environment.Remove(CommandLineConnection);
        using var process = Process.Start(start)!;
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{path} was not written: exit code {process.ExitCode}.");
    }
}
