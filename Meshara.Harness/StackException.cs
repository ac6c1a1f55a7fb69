namespace Meshara.Harness;

/// <summary>An expected failure of the host: its message is printed as it is and the process ends with its exit code.</summary>
internal sealed class StackException(string message, int exitCode = ExitCodes.Failure) : Exception(message)
{
    /// <summary>Prints it on standard error.</summary>
    /// <param name="program">What the line begins with.</param>
    /// <returns>The exit code.</returns>
    public int Report(string program)
    {
        Console.Error.WriteLine($"{program}: {Message}");
        return ExitCode;
    }

    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; } = exitCode;
}
