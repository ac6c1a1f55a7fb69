using System.Text.Json;

namespace Meshara.Tests.Stack.Local;

/// <summary>Runs a measurement of the lab and reads its report.</summary>
internal static class LabReport
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    /// <summary>Runs the lab with these arguments, fails unless it succeeds, and returns its report.</summary>
    public static async Task<JsonElement> RunAsync(params IEnumerable<string> arguments)
    {
        var test = TestContext.Current.CancellationToken;
        using var folder = new TemporaryFolder();
        var file = folder.File("report.json");
        await using var lab = new RunningProgram(HostProgram.Start(HostProgram.Lab, [.. arguments, "--report", file]));
        var exitCode = await lab.ExitAsync(test, Deadline);
        Assert.True(exitCode == 0, lab.Output);
        return JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(file, test));
    }
}
