using System.Diagnostics;
using System.Text;
using Meshara.Tests.Api;
using Meshara.Tests.Mesh;
using Meshara.Tests.Stack.Local;
using TemporaryFolder = Meshara.Tests.Stack.TemporaryFolder;

namespace Meshara.Tests.Cli;

/// <summary>A node that crashes takes its secrets with it.</summary>
public sealed class CrashTests : IDisposable
{
    private const string Token = "canary-token-c3a5", Passphrase = "canary passphrase 1b2f";

    private readonly TemporaryFolder _folder = new(), _secrets = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _folder.Dispose();
        _secrets.Dispose();
    }

    [Theory]
    [InlineData("SEGV")]
    [InlineData("ABRT")]
    public async Task A_crash_leaves_no_core_file_and_tells_no_secret(string signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The limits of a process are read from /proc.");
        await using var node = new RunningProgram(Start());
        await node.PrintsAsync("NodeReady", Cancel);
        // Even where core files are allowed and wanted, and for a program that the kernel pipes them to.
        Assert.Matches("Max core file size +0 +0 ", await File.ReadAllTextAsync($"/proc/{node.Id}/limits", Cancel));
        Assert.Equal("00000000", (await File.ReadAllTextAsync($"/proc/{node.Id}/coredump_filter", Cancel)).Trim());

        // The runtime's own handler takes the first; from then on the kernel acts.
        await Eventually.TrueAsync(async () =>
        {
            using var kill = Process.Start("kill", [$"-{signal}", $"{node.Id}"]);
            await kill.WaitForExitAsync(Cancel);
            return node.HasExited;
        }, "the node has ended");
        Assert.NotEqual(0, await node.ExitAsync(Cancel));
        Assert.DoesNotContain(Token, node.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(Passphrase, node.Output, StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain("core", Path.GetFileName(file), StringComparison.Ordinal);
            var content = await File.ReadAllBytesAsync(file, Cancel);
            Assert.True(content.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Token)) < 0, file);
            Assert.True(content.AsSpan().IndexOf(Encoding.UTF8.GetBytes(Passphrase)) < 0, file);
        }
    }

    private ProcessStartInfo Start()
    {
        var node = FreePort.Node();
        // Outside the folder that is searched.
        var passphrase = _secrets.File("passphrase");
        File.WriteAllText(passphrase, Passphrase);
        var start = HostProgram.Start(
            "/bin/sh", "-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\"", HostProgram.Node, "run", "--data", _folder.File("data"),
            "--mesh", $"127.0.0.1:{node.MeshPort}", "--http", $"127.0.0.1:{node.HttpPort}", "--metrics", $"{node.MetricsPort}",
            "--passphrase-file", passphrase, "--stop-with-input");
        start.Environment["Api__Token"] = Token;
        start.WorkingDirectory = _folder.Path;
        return start;
    }
}
