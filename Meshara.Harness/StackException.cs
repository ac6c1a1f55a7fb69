namespace Meshara.Harness;

/// <summary>An expected failure: the host prints only its message and exits with its code.</summary>
internal sealed class StackException(string message, int exitCode = ExitCodes.Failure) : Exception(message)
{
    /// <summary>Prints it on standard error.</summary>
    /// <param name="program">Prefix of the line.</param>
    /// <returns>The exit code.</returns>
    public int Report(string program)
    {
        Console.Error.WriteLine($"{program}: {Message}");
        return ExitCode;
    }

    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; } = exitCode;
}
