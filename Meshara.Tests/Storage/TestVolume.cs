using System.Diagnostics;

namespace Meshara.Tests.Storage;

/// <summary>A small file system of its own, to be filled and made read-only. Needs root on Linux.</summary>
internal sealed class TestVolume : IDisposable
{
    private TestVolume(string path) => Path = path;

    public string Path { get; }

    /// <summary>Skips the test, with the reason, where nothing can be mounted.</summary>
    public static TestVolume Mount(int mebibytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Mounting a small tmpfs needs root on Linux.");
        var path = Directory.CreateTempSubdirectory("meshara-volume-").FullName;
        if (Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", path) is { Length: > 0 } failure)
        {
            Directory.Delete(path);
            Assert.Skip($"A tmpfs cannot be mounted here: {failure}");
        }
        return new TestVolume(path);
    }

    public void MakeReadOnly() => Assert.Equal("", Run("mount", "-o", "remount,ro", Path));

    public void Dispose()
    {
        Run("umount", Path);
        Directory.Delete(Path);
    }

    /// <summary>Empty, or what went wrong.</summary>
    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? "" : error.Length > 0 ? error.Trim() : $"{program} ended with {process.ExitCode}";
    }
}
