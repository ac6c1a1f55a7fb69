namespace Meshara.Harness;

/// <summary>The edge of a program: where an expected failure becomes a line for its user and an exit code.</summary>
internal static class FailureReport
{
    /// <summary>Runs a program.</summary>
    /// <param name="program">What its lines on standard error begin with.</param>
    /// <param name="run">The program; returns its exit code.</param>
    public static async Task<int> RunAsync(string program, Func<Task<int>> run)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            return await run();
        }
        catch (StackException exception)
        {
            return exception.Report(program);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A full disk or a folder without permission: the message names the file.
            await Console.Error.WriteLineAsync($"{program}: {exception.Message}");
            return ExitCodes.Failure;
        }
    }
}
