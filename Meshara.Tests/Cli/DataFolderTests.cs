using Meshara.Node.Cli;
using Meshara.Node.Identity;
using Meshara.Tests.Stack.Local;
using NodeClient = Meshara.Tests.Stack.Local.NodeClient;

namespace Meshara.Tests.Cli;

/// <summary>A data folder with parts that do not belong together.</summary>
public sealed class DataFolderTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_database_whose_key_is_gone_is_not_served_under_a_new_address()
    {
        await using var node = await SingleNode.StartAsync("owner", [], Cancel);
        var address = node.Client.Address;
        var key = Path.Combine(node.Data, "identity.key");
        await node.Process.StopAsync(Cancel);
        File.Move(key, key + ".away");
        Assert.Contains(address, await RefusedAsync(node), StringComparison.Ordinal);
        Assert.False(File.Exists(key));

        File.Move(key + ".away", key);
        await node.StartAsync(Cancel);
        Assert.Equal(address, node.Client.Address);
    }

    [Fact]
    public async Task A_database_is_not_served_under_another_key()
    {
        await using var node = await SingleNode.StartAsync("owner", [], Cancel);
        var address = node.Client.Address;
        var key = Path.Combine(node.Data, "identity.key");
        await node.Process.KillAsync(Cancel);
        File.Delete(key);
        KeyFile.LoadOrCreate(key, null).Dispose();
        Assert.Contains(address, await RefusedAsync(node), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_key_is_encrypted_at_the_first_start_with_a_passphrase_and_that_is_said()
    {
        using var folder = new Stack.TemporaryFolder();
        var passphrase = folder.File("passphrase");
        await File.WriteAllTextAsync(passphrase, "correct horse\n", Cancel);
        await using var node = await SingleNode.StartAsync("keys", [], Cancel, "--passphrase-file", passphrase);
        var address = node.Client.Address;
        await node.Process.StopAsync(Cancel);
        var key = Path.Combine(node.Data, "identity.key");
        using (var identity = KeyFile.Load(key, "correct horse"))
            KeyFile.Save(identity, key, null, overwrite: true);

        await node.StartAsync(Cancel);
        Assert.Equal(address, node.Client.Address);
        Assert.Contains("\"KeyEncrypted\"", node.Process.Output, StringComparison.Ordinal);
        await node.Process.StopAsync(Cancel);
        KeyFile.Load(key, "correct horse").Dispose();
        Assert.DoesNotContain("\"secret\"", await File.ReadAllTextAsync(key, Cancel), StringComparison.Ordinal);
        await node.StartAsync(Cancel);
        Assert.DoesNotContain("\"KeyEncrypted\"", node.Process.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead, true)]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, false)] // as Kubernetes mounts secrets for a pod's group
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserWrite, false)]
    public async Task A_passphrase_file_that_everybody_can_read_is_warned_of(UnixFileMode mode, bool warned)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes.");
        using var folder = new Stack.TemporaryFolder();
        var passphrase = folder.File("passphrase");
        await File.WriteAllTextAsync(passphrase, "correct horse\n", Cancel);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(passphrase, mode);
        await using var node = await SingleNode.StartAsync("open", [], Cancel, "--passphrase-file", passphrase);
        await node.Process.StopAsync(Cancel);
        Assert.Equal(warned, node.Process.Output.Contains("\"PassphraseFileOpen\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_whose_standard_output_is_closed_runs()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no shell that closes a descriptor.");
        var folder = Directory.CreateTempSubdirectory("meshara-test-");
        var port = Api.FreePort.Next();
        var start = HostProgram.Start("/bin/sh", "-c", "exec \"$0\" \"$@\" >&-", HostProgram.Node, "run", "--name", "mute", "--data", folder.FullName,
            "--mesh", $"127.0.0.1:{Api.FreePort.Next()}", "--http", $"127.0.0.1:{port}", "--metrics", $"{port}", "--stop-with-input");
        await using (var program = new RunningProgram(start))
        {
            using var client = new NodeClient(new NodeEndpoint("mute", "", "", $"http://127.0.0.1:{port}", "", program.Id));
            await client.UntilAsync("is ready", async () =>
            {
                Assert.False(program.HasExited, program.Output);
                using var answer = await client.Http.GetAsync("ready", Cancel);
                return answer.IsSuccessStatusCode;
            }, Cancel);
            Assert.Equal(ExitCodes.Ok, await program.StopAsync(Cancel));
        }
        folder.Delete(recursive: true);
    }

    /// <summary>Starts a node that must fail with the exit code for the key file, and returns its output.</summary>
    private static async Task<string> RefusedAsync(SingleNode node)
    {
        await using var program = new RunningProgram(HostProgram.Start(HostProgram.Node, "run", "--data", node.Data, "--mesh", "127.0.0.1:0", "--http", "127.0.0.1:0", "--stop-with-input"));
        Assert.Equal(ExitCodes.KeyFile, await program.ExitAsync(Cancel, TimeSpan.FromSeconds(30)));
        return program.Output;
    }
}
