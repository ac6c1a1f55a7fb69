namespace Meshara.Harness;

/// <summary>Turns an expected failure of a program into a line on standard error and an exit code.</summary>
internal static class FailureReport
{
    /// <summary>Runs a program.</summary>
    /// <param name="program">Prefix of its lines on standard error.</param>
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
