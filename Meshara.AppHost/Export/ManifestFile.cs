using System.Diagnostics;
using System.Reflection;

namespace Meshara.AppHost.Export;

/// <summary>
/// Aspire's manifest. It is written by a second process: in a model with a compose environment it would have marks of that, and the
/// resources that are this environment's.
/// </summary>
internal static class ManifestFile
{
    /// <summary>Name of the file.</summary>
    public const string Name = "aspire-manifest.json";

    // A process that finds this connects to Aspire's command line, which has its application already.
    private const string CommandLineConnection = "ASPIRE_BACKCHANNEL_PATH";

    /// <summary>Writes it.</summary>
    /// <param name="own">The host's own options.</param>
    /// <param name="path">The file.</param>
    /// <param name="cancellation">Ends the process.</param>
    /// <exception cref="InvalidOperationException">It was not written; the process has said why.</exception>
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
