using System.Text.Json.Nodes;
using Meshara.Node;
using Meshara.Node.Identity;

namespace Meshara.Tests.Identity;

public sealed class KeyFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("meshara-keys-").FullName;

    private string File => Path.Combine(_folder, "sub", "identity.key");

    [Theory]
    [InlineData(null)]
    [InlineData("correct horse")]
    [InlineData("pässwörter 密码")]
    public void Keys_survive_the_file(string? passphrase)
    {
        using var identity = NodeIdentity.Generate();
        KeyFile.Save(identity, File, passphrase, overwrite: false);
        using var loaded = KeyFile.Load(File, passphrase);
        Assert.Equal(identity.Address, loaded.Address);
        Assert.Equal(identity.EncryptionPublicKey, loaded.EncryptionPublicKey);
        Assert.Equal(identity.ExportSecret(), loaded.ExportSecret());
        var signature = new byte[64];
        loaded.Sign("statement"u8, signature);
        Assert.True(NodeIdentity.Verify(identity.Address, "statement"u8, signature));
    }

    [Fact]
    public void A_missing_file_is_created_once_and_then_loaded()
    {
        using var created = KeyFile.LoadOrCreate(File, null);
        using var loaded = KeyFile.LoadOrCreate(File, null);
        Assert.Equal(created.Address, loaded.Address);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(File)!)); // no temporary file is left
    }

    [Theory]
    [InlineData(null)]
    [InlineData("secret")]
    public void Only_the_owner_may_read_the_file(string? passphrase)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }
        KeyFile.LoadOrCreate(File, passphrase).Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public void A_widened_mode_is_tightened_when_the_file_is_loaded()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }
        KeyFile.LoadOrCreate(File, null).Dispose();
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        KeyFile.Load(File, null).Dispose();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public void An_encrypted_file_does_not_hold_the_secret()
    {
        using var identity = KeyFile.LoadOrCreate(File, "passphrase");
        var text = System.IO.File.ReadAllText(File);
        Assert.DoesNotContain(Convert.ToBase64String(identity.ExportSecret()), text, StringComparison.Ordinal);
        Assert.Null(JsonNode.Parse(text)!["secret"]);
    }

    [Fact]
    public void A_plain_file_is_encrypted_as_soon_as_there_is_a_passphrase()
    {
        using var plain = KeyFile.LoadOrCreate(File, null);
        using var encrypted = KeyFile.LoadOrCreate(File, "passphrase");
        Assert.Equal(plain.Address, encrypted.Address);
        Assert.DoesNotContain(Convert.ToBase64String(plain.ExportSecret()), System.IO.File.ReadAllText(File), StringComparison.Ordinal);
        Assert.Contains("--passphrase-file", Refused(null).Message, StringComparison.Ordinal);
        using var again = KeyFile.LoadOrCreate(File, "passphrase");
        Assert.Equal(plain.Address, again.Address);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(File)!)); // no copy of the plain one is left
    }

    [Theory]
    [InlineData("wrong", "passphrase is wrong")]
    [InlineData(null, "--passphrase-file")]
    [InlineData("", "--passphrase-file")]
    public void A_wrong_or_missing_passphrase_opens_nothing(string? passphrase, string said)
    {
        KeyFile.LoadOrCreate(File, "right").Dispose();
        Assert.Contains(said, Refused(passphrase).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Existing_keys_are_not_overwritten_unless_asked()
    {
        using var first = KeyFile.LoadOrCreate(File, null);
        using var second = NodeIdentity.Generate();
        var refused = Assert.Throws<MesharaException>(() => KeyFile.Save(second, File, null, overwrite: false));
        Assert.Equal(ErrorCodes.KeyFile, refused.Code);
        Assert.Contains("exists already", refused.Message, StringComparison.Ordinal);
        Assert.Equal(first.Address, KeyFile.Load(File, null).Address);
        KeyFile.Save(second, File, null, overwrite: true);
        Assert.Equal(second.Address, KeyFile.Load(File, null).Address);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"format":"something-else","version":1}""")]
    [InlineData("""{"format":"meshara-key","version":1}""")]
    [InlineData("""{"format":"meshara-key","version":1,"secret":"AAAA"}""")]
    [InlineData("""{"format":"meshara-key","version":1,"secret":"not base64!"}""")]
    [InlineData("""{"format":"meshara-key","version":"one"}""")]
    [InlineData("""{"format":"meshara-key","version":1,"encryption":{}}""")]
    public void What_is_no_key_file_is_refused(string content)
    {
        Write(content);
        Refused("passphrase");
        Refused(null);
    }

    [Fact]
    public void A_truncated_file_is_refused_wherever_it_ends()
    {
        KeyFile.LoadOrCreate(File, null).Dispose();
        var whole = System.IO.File.ReadAllText(File).TrimEnd();
        for (var length = 0; length < whole.Length; length += 7)
        {
            Write(whole[..length]);
            Refused(null);
        }
    }

    [Fact]
    public void A_changed_secret_or_address_is_noticed()
    {
        using var other = NodeIdentity.Generate();
        KeyFile.LoadOrCreate(File, null).Dispose();
        Change(document => document["address"] = other.Address.ToString());
        Assert.Contains("damaged", Refused(null).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_version_is_named()
    {
        KeyFile.LoadOrCreate(File, null).Dispose();
        Change(document => document["version"] = 2);
        Assert.Contains("version 2", Refused(null).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("memory_kib", 1024 * 1024 + 1)]
    [InlineData("memory_kib", int.MaxValue)]
    [InlineData("memory_kib", 7)]
    [InlineData("memory_kib", -1)]
    [InlineData("passes", 101)]
    [InlineData("passes", 0)]
    [InlineData("passes", int.MaxValue)]
    public void Hostile_derivation_parameters_are_refused_before_they_cost_anything(string member, int value)
    {
        KeyFile.LoadOrCreate(File, "passphrase").Dispose();
        Change(document => document["encryption"]![member] = value);
        Assert.Contains("damaged", Refused("passphrase").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kdf", "scrypt")]
    [InlineData("cipher", "aes")]
    [InlineData("salt", "AAAA")]
    [InlineData("nonce", "AAAA")]
    [InlineData("data", "AAAA")]
    public void Changed_encryption_members_are_refused(string member, string value)
    {
        KeyFile.LoadOrCreate(File, "passphrase").Dispose();
        Change(document => document["encryption"]![member] = value);
        Refused("passphrase");
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void The_cheapest_permitted_parameters_are_a_wrong_passphrase_and_no_crash(int memory)
    {
        KeyFile.LoadOrCreate(File, "passphrase").Dispose();
        Change(document => (document["encryption"]!["memory_kib"], document["encryption"]!["passes"]) = (memory, 1));
        Assert.Contains("passphrase is wrong", Refused("passphrase").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_huge_file_is_not_read()
    {
        Write(new string(' ', 1024 * 1024));
        Assert.Contains("too large", Refused(null).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_one_clear_refusal()
    {
        Refused(null);
        Directory.CreateDirectory(File);
        Refused(null);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private MesharaException Refused(string? passphrase)
    {
        var refused = Assert.Throws<MesharaException>(() => KeyFile.Load(File, passphrase));
        Assert.Equal(ErrorCodes.KeyFile, refused.Code);
        Assert.Contains(File, refused.Message, StringComparison.Ordinal);
        return refused;
    }

    private void Change(Action<JsonNode> change)
    {
        var document = JsonNode.Parse(System.IO.File.ReadAllText(File))!;
        change(document);
        Write(document.ToJsonString());
    }

    private void Write(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        System.IO.File.WriteAllText(File, content);
    }
}
