using Meshara.Node.Cli;
using Meshara.Tests.Api;

namespace Meshara.Tests.Cli;

public sealed class KeygenTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("meshara-keygen-").FullName;
    private string? _passphrase;

    private string Key => Path.Combine(_folder, "identity.key");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_new_key_is_written_and_its_address_printed()
    {
        var run = Run();
        Assert.Equal(ExitCodes.Ok, await run.InvokeAsync("keygen", "--out", Key));
        Assert.Equal(MeshDouble.Self.ToString(), run.Out.TrimEnd());
        Assert.Equal([Key], Directory.GetFiles(_folder));
        Assert.Null(_passphrase);
    }

    [Fact]
    public async Task A_passphrase_is_the_first_line_of_its_file()
    {
        var file = Path.Combine(_folder, "passphrase");
        await File.WriteAllTextAsync(file, "correct horse\r\nbattery\n", TestContext.Current.CancellationToken);
        var run = Run();
        Assert.Equal(ExitCodes.Ok, await run.InvokeAsync("keygen", "--out", Key, "--passphrase-file", file, "--json"));
        Assert.Equal("correct horse", _passphrase);
        Assert.Equal(["address", "file"], run.Json.AsObject().Select(member => member.Key));
        Assert.Equal((MeshDouble.Self.ToString(), Key), ((string)run.Json["address"]!, (string)run.Json["file"]!));
    }

    [Fact]
    public async Task An_existing_file_is_kept_unless_forced()
    {
        await File.WriteAllTextAsync(Key, "old", TestContext.Current.CancellationToken);
        var refused = Run();
        refused.AssertFailed(ExitCodes.KeyFile, await refused.InvokeAsync("keygen", "--out", Key), "--force");
        Assert.Equal("old", await File.ReadAllTextAsync(Key, TestContext.Current.CancellationToken));

        Assert.Equal(ExitCodes.Ok, await Run().InvokeAsync("keygen", "--out", Key, "--force"));
        Assert.Equal("key", await File.ReadAllTextAsync(Key, TestContext.Current.CancellationToken));
        Assert.Equal([Key], Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task A_key_that_cannot_be_made_leaves_the_old_one_and_no_litter()
    {
        await File.WriteAllTextAsync(Key, "old", TestContext.Current.CancellationToken);
        var run = new CliRun
        {
            CreateKey = (file, _) =>
            {
                File.WriteAllText(file, "half a k");
                throw new IOException("The disk is full.");
            },
        };
        run.AssertFailed(ExitCodes.KeyFile, await run.InvokeAsync("keygen", "--out", Key, "--force"), "The disk is full.");
        Assert.Equal("old", await File.ReadAllTextAsync(Key, TestContext.Current.CancellationToken));
        Assert.Equal([Key], Directory.GetFiles(_folder));
    }

    [Fact]
    public async Task A_missing_folder_is_said()
    {
        var run = Run();
        run.AssertFailed(ExitCodes.KeyFile, await run.InvokeAsync("keygen", "--out", Path.Combine(_folder, "none", "identity.key")), "cannot be written");
    }

    [Theory]
    [InlineData(null, "passphrase file")]
    [InlineData("", "first line is empty")]
    [InlineData("\nsecond", "first line is empty")]
    public async Task A_passphrase_file_without_a_passphrase_is_refused(string? content, string reason)
    {
        var file = Path.Combine(_folder, "passphrase");
        if (content is not null)
            await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
        var run = Run();
        run.AssertFailed(ExitCodes.KeyFile, await run.InvokeAsync("keygen", "--out", Key, "--passphrase-file", file), reason);
        Assert.False(File.Exists(Key));
    }

    [Fact]
    public async Task Where_to_write_must_be_said()
    {
        var run = Run();
        run.AssertFailed(ExitCodes.Usage, await run.InvokeAsync("keygen"), "--out");
    }

    private CliRun Run() => new()
    {
        CreateKey = (file, passphrase) =>
        {
            File.WriteAllText(file, "key");
            _passphrase = passphrase;
            return MeshDouble.Self;
        },
    };
}
