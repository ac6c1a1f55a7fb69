using System.Text;
using System.Text.Json;
using Meshara.Node;
using Meshara.Node.Identity;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>
/// A key file. With a passphrase, only those that ask for little memory are opened: up to a gigabyte and a hundred passes are allowed,
/// which takes as long as it should.
/// </summary>
internal sealed class KeyFileTarget : FuzzTarget, IDisposable
{
    private const int MaxMemoryKiB = 64;

    private readonly string _folder = Directory.CreateTempSubdirectory("meshara-fuzz-").FullName;

    private string Path => System.IO.Path.Combine(_folder, NodeHost.KeyFileName);

    public override IEnumerable<string> Words =>
        ["\"format\":", "meshara-key", "\"version\":", "\"address\":", "\"secret\":", "\"encryption\":", "\"memory_kib\":", "\"passes\":", "argon2id", "null", "{", "}"];

    /// <summary>Writes an unencrypted key file.</summary>
    public static void Write(string path, NodeIdentity identity) => KeyFile.Save(identity, path, null, overwrite: true);

    public override IEnumerable<byte[]> Seeds()
    {
        Write(Path, FuzzKeys.Peer);
        yield return File.ReadAllBytes(Path);
        KeyFile.Save(FuzzKeys.Peer, Path, "passphrase", overwrite: true);
        var encrypted = File.ReadAllText(Path);
        yield return Encoding.UTF8.GetBytes(encrypted);
        yield return Encoding.UTF8.GetBytes(encrypted.Replace("65536", "8", StringComparison.Ordinal));
    }

    public override void Run(byte[] input)
    {
        File.WriteAllBytes(Path, input);
        Load(null);
        if (IsCheap(input))
            Load("passphrase");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Load(string? passphrase)
    {
        try
        {
            KeyFile.Load(Path, passphrase).Dispose();
        }
        catch (MesharaException e) when (e.Code == ErrorCodes.KeyFile)
        {
            // The node does not start.
        }
    }

    private static bool IsCheap(byte[] input)
    {
        try
        {
            return JsonSerializer.Deserialize(input, KeyFileJson.Default.Document)?.Encryption is { MemoryKiB: <= MaxMemoryKiB, Passes: <= 3 };
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
