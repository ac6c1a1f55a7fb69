using System.Diagnostics;
using Meshara.Node.Cli;
using Meshara.Node.Delivery;
using Meshara.Tests.Api;

namespace Meshara.Tests.Cli;

/// <summary>The built program as a process: behaviour that only the real entry point has.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task A_failure_is_one_line_on_standard_error()
    {
        using var process = Start(null, "send", "--to", "nobody", "x");
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(ApiServer.Deadline, TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Usage, await ExitCodeAsync(process));
        Assert.Matches("^meshara: 'nobody' is not a node address.*\\n$", error);
        Assert.Empty(await output);
    }

    [Theory]
    [InlineData("inbox --follow --after 0", ExitCodes.Ok)]
    [InlineData("send --to FRIEND x --wait", ExitCodes.Interrupted)]
    public async Task A_signal_ends_a_waiting_command_in_order(string line, int exitCode)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signal that one process could send to another.");
        await using var server = await ApiServer.StartAsync();
        server.Mesh.Outcome = MessageState.Pending;
        server.Mesh.Receive("hello"u8);
        using var process = Start(server.Url, line.Replace("FRIEND", MeshDouble.Friend.ToString(), StringComparison.Ordinal).Split(' '));
        try
        {
            Assert.NotNull(await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken).AsTask()
                .WaitAsync(ApiServer.Deadline, TestContext.Current.CancellationToken));
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            Assert.Equal(exitCode, await ExitCodeAsync(process));
            Assert.Empty(await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private static Process Start(Uri? node, params string[] args)
    {
        // DOTNET_HOST_PATH names the host that runs these tests, if it is not the one on PATH.
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [typeof(ExitCodes).Assembly.Location, .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["MESHARA_NODE"] = node?.ToString();
        return Process.Start(start)!;
    }

    private static async Task<int> ExitCodeAsync(Process process)
    {
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(ApiServer.Deadline, TestContext.Current.CancellationToken);
        return process.ExitCode;
    }
}
