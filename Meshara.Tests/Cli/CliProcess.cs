using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Cli;

/// <summary>Runs a command of the built program with its own environment.</summary>
internal static class CliProcess
{
    /// <summary>Runs the command to its end.</summary>
    /// <returns>The exit code, and the output of both streams.</returns>
    public static async Task<(int Code, string Output)> RunAsync(Dictionary<string, string> environment, params string[] arguments)
    {
        var start = HostProgram.Start(HostProgram.Node, arguments);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        await using var program = new RunningProgram(start);
        return (await program.ExitAsync(TestContext.Current.CancellationToken), program.Output);
    }
}
