using Meshara.Harness;

namespace Meshara.AppHost.Preflight;

/// <summary>
/// The orchestrator keeps its state below HOME. Where that cannot be written it ends with a stack trace of its own, and Aspire waits two
/// minutes for it; so the mesh's folder takes its place.
/// </summary>
internal static class HomeFolder
{
    /// <summary>Makes sure that there is one.</summary>
    /// <exception cref="StackException">The mesh's folder cannot be written either.</exception>
    public static void Ensure(StackFiles files)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (OperatingSystem.IsWindows() || (Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home && IsWritable(home)))
            return;
        try
        {
            Directory.CreateDirectory(files.Home);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StackException(
                $"Neither HOME nor {files.Data} can be written: {exception.Message} Choose a folder with --data DIR.", ExitCodes.Unfit);
        }

        Environment.SetEnvironmentVariable("HOME", files.Home);
    }

    private static bool IsWritable(string folder)
    {
        var probe = Path.Combine(folder, $".meshara-{Guid.NewGuid():N}");
        try
        {
            File.Create(probe).Dispose();
            File.Delete(probe);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
