using Meshara.Tests.Stack.Local;

namespace Meshara.Tests.Cli;

/// <summary>One command of the built program, with an environment of its own.</summary>
internal static class CliProcess
{
    /// <summary>Runs it to its end.</summary>
    /// <returns>Its exit code, and what it printed on both streams.</returns>
    public static async Task<(int Code, string Output)> RunAsync(Dictionary<string, string> environment, params string[] arguments)
    {
        var start = HostProgram.Start(HostProgram.Node, arguments);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        await using var program = new RunningProgram(start);
        return (await program.ExitAsync(TestContext.Current.CancellationToken), program.Output);
    }
}
