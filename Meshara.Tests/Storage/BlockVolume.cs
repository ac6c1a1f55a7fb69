using System.Diagnostics;

namespace Meshara.Tests.Storage;

/// <summary>
/// An ext4 file system of its own on a loop device, which turns read-only under its writers as a real one does that met an error
/// (its <c>errors=remount-ro</c>), and which is mounted anew as an operator would. Needs root on Linux.
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

    /// <summary>Skips the test, with the reason, where nothing can be mounted or the kernel cannot be made to fail.</summary>
    public static BlockVolume Mount(int mebibytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Mounting a loop device needs root on Linux.");
        var path = Directory.CreateTempSubdirectory("meshara-volume-").FullName;
        var image = path + ".img";
        using (var file = File.Create(image))
            file.SetLength(mebibytes * 1024L * 1024);
        try
        {
            // Without a journal, nothing is left to replay from the mount that failed.
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

    /// <summary>From now on every write fails, whoever has files open.</summary>
    public void TurnReadOnly()
    {
        Run("sync", "--file-system", Path);
        File.WriteAllText(Trigger, "1");
    }

    /// <summary>Takes the failed mount out of the way and mounts the same disk again, under the feet of whoever uses it.</summary>
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

    /// <summary>A device of its own for each mount: the kernel would give a second mount of one device the state of the first.</summary>
    private string Attach()
    {
        var device = Run("losetup", "--find", "--show", _image).Trim();
        try
        {
            Run("mount", "-o", "errors=remount-ro", device, Path);
        }
        finally
        {
            Run("losetup", "--detach", device); // a device in use goes when its last user does
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
