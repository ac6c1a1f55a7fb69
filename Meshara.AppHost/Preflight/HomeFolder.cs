using Meshara.Harness;

namespace Meshara.AppHost.Preflight;

/// <summary>
/// The orchestrator keeps its state below HOME. If HOME is not writable, the orchestrator crashes with a stack trace and Aspire waits two
/// minutes for it, so a folder of the mesh stands in for HOME.
/// </summary>
internal static class HomeFolder
{
    /// <summary>Ensures that HOME is writable.</summary>
    /// <exception cref="StackException">The mesh's folder is not writable either.</exception>
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
