using System.Diagnostics;

namespace Meshara.Tests.Storage;

/// <summary>
/// A separate ext4 file system on a loop device. It can turn read-only under its writers, as <c>errors=remount-ro</c> does after an error,
/// and be remounted as an operator would. Requires root on Linux.
/// </summary>
internal sealed class BlockVolume : IDisposable
{
    private readonly string _image;
    private string _device;

    private BlockVolume(string path, string image)
    {
        Path = path;
        _image = image;
        _device = Attach();
    }

    public string Path { get; }

    /// <summary>Skips the test, with the reason, if mounting is not possible or the kernel cannot simulate the error.</summary>
    public static BlockVolume Mount(int mebibytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Mounting a loop device needs root on Linux.");
        var path = Directory.CreateTempSubdirectory("meshara-volume-").FullName;
        var image = path + ".img";
        using (var file = File.Create(image))
            file.SetLength(mebibytes * 1024L * 1024);
        try
        {
            // Without a journal, there is nothing to replay from the failed mount.
            Run("mkfs.ext4", "-q", "-O", "^has_journal", image);
            var volume = new BlockVolume(path, image);
            if (File.Exists(volume.Trigger))
                return volume;
            volume.Dispose();
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            Delete(path, image);
            Assert.Skip($"An ext4 volume cannot be mounted here: {e.Message}");
        }
        Assert.Skip("This kernel offers no trigger_fs_error for ext4.");
        return null!;
    }

    /// <summary>From now on every write fails, even on open files.</summary>
    public void TurnReadOnly()
    {
        Run("sync", "--file-system", Path);
        File.WriteAllText(Trigger, "1");
    }

    /// <summary>Detaches the failed mount and mounts the same disk again, while programs use it.</summary>
    public void MountAnew()
    {
        Run("umount", "--lazy", Path);
        _device = Attach();
    }

    public void Dispose()
    {
        Run("umount", Path);
        Delete(Path, _image);
    }

    private string Trigger => $"/sys/fs/ext4/{System.IO.Path.GetFileName(_device)}/trigger_fs_error";

    /// <summary>Creates a new device for each mount: with the same device, the kernel would reuse the state of the first mount.</summary>
    private string Attach()
    {
        var device = Run("losetup", "--find", "--show", _image).Trim();
        try
        {
            Run("mount", "-o", "errors=remount-ro", device, Path);
        }
        finally
        {
            Run("losetup", "--detach", device); // a device in use is removed with its last user
        }
        return device;
    }

    private static void Delete(string path, string image)
    {
        Directory.Delete(path);
        File.Delete(image);
    }

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {error.Result.Trim()}");
    }
}
