namespace Meshara.Node.Cli;

/// <summary>The file that holds the passphrase of a key file.</summary>
internal static class PassphraseFile
{
    private const int LongestLine = 4096;

    /// <summary>Its first line, without the line break.</summary>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.KeyFile"/>: unreadable, or the first line is empty or endless.</exception>
    public static string Read(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            var start = new char[LongestLine];
            var line = start.AsSpan(0, reader.ReadBlock(start));
            var end = line.IndexOfAny('\r', '\n');
            if (end < 0 && line.Length == LongestLine)
                throw Failure(path, $"its first line is longer than {LongestLine} characters");
            line = end < 0 ? line : line[..end];
            return line.Length > 0 ? line.ToString() : throw Failure(path, "its first line is empty");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Failure(path, exception.Message, exception);
        }
    }

    /// <summary>True when everybody on the machine can read it. A group may be meant to: Kubernetes mounts secrets for that of the pod.</summary>
    public static bool IsOpenToAll(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & UnixFileMode.OtherRead) != 0;

    private static MesharaException Failure(string path, string why, Exception? cause = null) => new(ErrorCodes.KeyFile,
        $"The passphrase file '{Printable.Bounded(path, 200)}' cannot be used: {why.TrimEnd('.')}. Its first line must be the passphrase.", cause);
}
