using Meshara.Harness;

namespace Meshara.AppHost.Hosting;

/// <summary>Writes <c>deploy/</c>.</summary>
internal static class Exporter
{
    /// <summary>Name of Aspire's manifest in the folder.</summary>
    public const string Manifest = "aspire-manifest.json";

    /// <summary>The folder with the compose file and the example of its environment.</summary>
    public const string Compose = "compose";

    /// <summary>Writes both formats; what was there is replaced.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="publishAsync">Runs the application with arguments of Aspire; returns the exit code.</param>
    public static async Task<int> RunAsync(string folder, Func<string[], Task<int>> publishAsync)
    {
        ArgumentNullException.ThrowIfNull(publishAsync);
        var manifest = Path.GetFullPath(Path.Combine(folder, Manifest));
        var compose = Path.GetFullPath(Path.Combine(folder, Compose));
        Directory.CreateDirectory(compose);
        foreach (var file in Directory.EnumerateFiles(compose))
            File.Delete(file);
        if (await publishAsync(["--publisher", "manifest", "--output-path", manifest]) is not 0 and var failed)
            return failed;
        if (await publishAsync(["--operation", "publish", "--step", "publish", "--output-path", compose]) is not 0 and var failedToo)
            return failedToo;

        // A file that compose reads by itself would be filled in where it lies, in the repository.
        File.Move(Path.Combine(compose, ".env"), Path.Combine(compose, "env.example"));
        return ExitCodes.Success;
    }
}
