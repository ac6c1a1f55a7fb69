namespace Meshara.Node;

/// <summary>A file whose first line is a secret, as systemd, Kubernetes and people provide secrets.</summary>
internal static class SecretFile
{
    private const int LongestLine = 4096;

    /// <summary>Reads the first line, without the line break.</summary>
    /// <param name="path">The file.</param>
    /// <param name="secret">What the file contains, for the error message, such as <c>passphrase</c>.</param>
    /// <param name="code">The error code.</param>
    /// <exception cref="MesharaException">
    /// With <paramref name="code"/>: the file is unreadable, or its first line is empty or too long.
    /// </exception>
    public static string Read(string path, string secret, string code)
    {
        try
        {
            using var reader = new StreamReader(path);
            var start = new char[LongestLine];
            var line = start.AsSpan(0, reader.ReadBlock(start));
            var end = line.IndexOfAny('\r', '\n');
            if (end < 0 && line.Length == LongestLine)
                throw Failure($"its first line is longer than {LongestLine} characters");
            line = end < 0 ? line : line[..end];
            return line.Length > 0 ? line.ToString() : throw Failure("its first line is empty");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Failure(exception.Message, exception);
        }

        MesharaException Failure(string why, Exception? cause = null) => new(
            code,
            $"The {secret} file '{Printable.Bounded(path, 200)}' cannot be used: {why.TrimEnd('.')}. "
                + $"Its first line must be the {secret}.",
            cause);
    }

    /// <summary>Reads the passphrase of a key file.</summary>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.KeyFile"/>.</exception>
    public static string ReadPassphrase(string path) => Read(path, "passphrase", ErrorCodes.KeyFile);

    /// <summary>
    /// True if everyone on the machine can read the file. Group access is allowed: Kubernetes mounts secrets for the pod's
    /// group.
    /// </summary>
    public static bool IsOpenToAll(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & UnixFileMode.OtherRead) != 0;
}
