namespace Meshara.Node.Storage.Sqlite;

/// <summary>Held while a process uses a data directory: two nodes with the same outbox would send everything twice.</summary>
internal sealed class DirectoryLock : IDisposable
{
    private const string FileName = "storage.lock";

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>: another process holds it, or the directory
    /// is not writable.</exception>
    public static DirectoryLock Take(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
            // The operating system releases it however the process ends. The file stays, since removing it would race.
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            return new DirectoryLock(new FileStream(Path.Combine(directory, FileName), options));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MesharaException(ErrorCodes.Storage, IsHeld(e)
                ? $"The data directory {directory} is in use by another node; stop that one, or give this one its own with --data."
                : $"The data directory {directory} cannot be used ({e.Message.TrimEnd('.')}); make it writable, or choose another with --data.", e);
        }
    }

    public void Dispose() => _file.Dispose();

    private static bool IsHeld(Exception e)
    {
        const int windowsSharingViolation = unchecked((int)0x80070020);
        const int linuxWouldBlock = 11, bsdWouldBlock = 35; // EWOULDBLOCK, which .NET passes on as the HResult
        return e is IOException && (OperatingSystem.IsWindows()
            ? e.HResult == windowsSharingViolation
            : e.HResult == (OperatingSystem.IsLinux() ? linuxWouldBlock : bsdWouldBlock));
    }
}
