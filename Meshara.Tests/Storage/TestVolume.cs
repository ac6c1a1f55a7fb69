using System.Diagnostics;

namespace Meshara.Tests.Storage;

/// <summary>A small separate file system that can be filled and made read-only. Requires root on Linux.</summary>
internal sealed class TestVolume : IDisposable
{
    private TestVolume(string path) => Path = path;

    public string Path { get; }

    /// <summary>Mounts a volume; skips the test, with the reason, if that is not possible.</summary>
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

    /// <summary>Runs a program. Returns its error output, or an empty string if it succeeded.</summary>
    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? "" : error.Length > 0 ? error.Trim() : $"{program} ended with {process.ExitCode}";
    }
}
