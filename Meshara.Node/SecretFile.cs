namespace Meshara.Node;

/// <summary>A file whose first line is a secret, as systemd, Kubernetes and people hand secrets over.</summary>
internal static class SecretFile
{
    private const int LongestLine = 4096;

    /// <summary>Its first line, without the line break.</summary>
    /// <param name="path">The file.</param>
    /// <param name="secret">What it holds, for the failure: <c>passphrase</c>.</param>
    /// <param name="code">Code of the failure.</param>
    /// <exception cref="MesharaException">With <paramref name="code"/>: unreadable, or the first line is empty or endless.</exception>
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

    /// <summary>The passphrase of a key file.</summary>
    /// <exception cref="MesharaException"><see cref="ErrorCodes.KeyFile"/>.</exception>
    public static string ReadPassphrase(string path) => Read(path, "passphrase", ErrorCodes.KeyFile);

    /// <summary>
    /// True when everybody on the machine can read it. A group may be meant to: Kubernetes mounts secrets for that of the pod.
    /// </summary>
    public static bool IsOpenToAll(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & UnixFileMode.OtherRead) != 0;
}
