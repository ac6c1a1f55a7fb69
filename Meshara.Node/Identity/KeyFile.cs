using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using NSec.Cryptography;

namespace Meshara.Node.Identity;

/// <summary>
/// A node's keys on disk: a JSON file with mode 0600. If a passphrase is given, the secret is encrypted with Argon2id (RFC
/// 9106) and XChaCha20-Poly1305.
/// </summary>
public static class KeyFile
{
    private const string Format = "meshara-key";
    private const int Version = 1;

    // RFC 9106 section 4, second recommended option (64 MiB, 3 passes) with libsodium's single lane.
    private const int MemoryKiB = 64 * 1024;
    private const int Passes = 3;

    // Limits on a file's parameters: a hostile one must not make the node allocate gigabytes.
    private const int MaxMemoryKiB = 1024 * 1024;
    private const int MaxPasses = 100;
    private const long MaxFileBytes = 16 * 1024;

    /// <summary>Loads the keys at <paramref name="path"/>, or creates them there.</summary>
    /// <param name="path">The file; its folder is created if missing.</param>
    /// <param name="passphrase">Decrypts an encrypted file, and encrypts a new or plain one; null for none.</param>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.KeyFile"/>.</exception>
    public static NodeIdentity LoadOrCreate(string path, string? passphrase) => LoadOrCreate(path, passphrase, out _);

    /// <summary>As <see cref="LoadOrCreate(string, string?)"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="passphrase">Its passphrase; a plain file is encrypted with it.</param>
    /// <param name="wasPlain">True if a plain file was encrypted.</param>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.KeyFile"/>.</exception>
    public static NodeIdentity LoadOrCreate(string path, string? passphrase, out bool wasPlain)
    {
        wasPlain = false;
        if (!File.Exists(path))
        {
            var created = NodeIdentity.Generate();
            Save(created, path, passphrase, overwrite: false);
            return created;
        }
        var identity = Load(path, passphrase, out var isPlain);
        if (isPlain && !string.IsNullOrEmpty(passphrase))
        {
            Save(identity, path, passphrase, overwrite: true);
            wasPlain = true;
        }
        return identity;
    }

    /// <summary>Loads the keys at <paramref name="path"/>.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.KeyFile"/>: missing, unreadable, corrupt, or a wrong passphrase.</exception>
    public static NodeIdentity Load(string path, string? passphrase) => Load(path, passphrase, out _);

    private static NodeIdentity Load(string path, string? passphrase, out bool isPlain)
    {
        Document? document;
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
                throw Invalid(path, "is too large to be a key file");
            document = JsonSerializer.Deserialize(File.ReadAllBytes(path), KeyFileJson.Default.Document);
            TightenMode(path);
        }
        catch (JsonException e)
        {
            throw Invalid(path, "is not a key file or is damaged; restore it from a backup, or move it away to start with a new address", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Invalid(path, $"cannot be read ({e.Message})", e);
        }

        if (document is not { Kind: Format })
            throw Invalid(path, "is not a key file; restore it from a backup, or move it away to start with a new address");
        if (document.Version != Version)
            throw Invalid(path, $"has version {document.Version}, this program reads version {Version}");

        isPlain = document.Encryption is null;
        var secret = document.Encryption is { } encryption ? Decrypt(path, document, encryption, passphrase) : document.Secret;
        try
        {
            var identity = NodeIdentity.Import(secret);
            if (identity.Address.ToString() != document.Address)
                throw Invalid(path, "is damaged: its address does not belong to its key; restore it from a backup");
            return identity;
        }
        catch (MesharaException e) when (e.Code == ErrorCodes.KeyFile && !e.Message.Contains(path, StringComparison.Ordinal))
        {
            throw Invalid(path, "is damaged; restore it from a backup, or move it away to start with a new address", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <summary>Writes the keys atomically: the file is either complete or absent.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.KeyFile"/>: it exists already, or cannot be written.</exception>
    public static void Save(NodeIdentity identity, string path, string? passphrase, bool overwrite)
    {
        var secret = identity.ExportSecret();
        try
        {
            var document = new Document { Kind = Format, Version = Version, Address = identity.Address.ToString() };
            if (string.IsNullOrEmpty(passphrase))
                document.Secret = secret;
            else
                document.Encryption = Encrypt(document, secret, passphrase);
            WriteAtomically(path, JsonSerializer.SerializeToUtf8Bytes(document, KeyFileJson.Default.Document), overwrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Invalid(path, File.Exists(path) && !overwrite ? "exists already" : $"cannot be written ({e.Message})", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static void WriteAtomically(string path, byte[] json, bool overwrite)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var temporary = $"{path}.{Guid.NewGuid():n}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(json);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite);
        }
        finally
        {
            File.Delete(temporary);
            CryptographicOperations.ZeroMemory(json);
        }
    }

    /// <summary>
    /// Some volume drivers widen file modes (Kubernetes' fsGroup does so at every mount); narrow the mode again instead of
    /// refusing to start.
    /// </summary>
    private static void TightenMode(string path)
    {
        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        if (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & others) == 0)
            return;
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static EncryptionSection Encrypt(Document document, byte[] secret, string passphrase)
    {
        var section = new EncryptionSection
        {
            Kdf = "argon2id",
            MemoryKiB = MemoryKiB,
            Passes = Passes,
            Salt = System.Security.Cryptography.RandomNumberGenerator.GetBytes(16),
            Cipher = "xchacha20-poly1305",
            Nonce = System.Security.Cryptography.RandomNumberGenerator.GetBytes(24),
        };
        using var key = DeriveKey(section, passphrase);
        section.Data = AeadAlgorithm.XChaCha20Poly1305.Encrypt(key, section.Nonce, AssociatedData(document), secret);
        return section;
    }

    private static byte[] Decrypt(string path, Document document, EncryptionSection section, string? passphrase)
    {
        if (string.IsNullOrEmpty(passphrase))
            throw Invalid(path, "is encrypted; give its passphrase with --passphrase-file");
        if (section is not { Kdf: "argon2id", Cipher: "xchacha20-poly1305", Salt.Length: 16, Nonce.Length: 24, Data.Length: NodeIdentity.SecretSize + 16 }
            || section.MemoryKiB is < 8 or > MaxMemoryKiB || section.Passes is < 1 or > MaxPasses)
            throw Invalid(path, "is damaged or was encrypted in a way this program does not know");
        using var key = DeriveKey(section, passphrase);
        return AeadAlgorithm.XChaCha20Poly1305.Decrypt(key, section.Nonce, AssociatedData(document), section.Data)
            ?? throw Invalid(path, "cannot be decrypted: the passphrase is wrong, or the file is damaged");
    }

    private static Key DeriveKey(EncryptionSection section, string passphrase)
    {
        var argon2 = new Argon2id(new Argon2Parameters
        {
            DegreeOfParallelism = 1,
            MemorySize = section.MemoryKiB,
            NumberOfPasses = section.Passes,
        });
        return argon2.DeriveKey(Encoding.UTF8.GetBytes(passphrase), section.Salt!, AeadAlgorithm.XChaCha20Poly1305);
    }

    private static byte[] AssociatedData(Document document) => Encoding.UTF8.GetBytes($"{Format}/{document.Version}/{document.Address}");

    private static MesharaException Invalid(string path, string what, Exception? cause = null) =>
        new(ErrorCodes.KeyFile, $"The key file {path} {what}.", cause);

    internal sealed class Document
    {
        [JsonPropertyName("format")] public string? Kind { get; set; }
        public int Version { get; set; }
        public string? Address { get; set; }
        public byte[]? Secret { get; set; }
        public EncryptionSection? Encryption { get; set; }
    }

    internal sealed class EncryptionSection
    {
        public string? Kdf { get; set; }
        [JsonPropertyName("memory_kib")] public int MemoryKiB { get; set; }
        public int Passes { get; set; }
        public byte[]? Salt { get; set; }
        public string? Cipher { get; set; }
        public byte[]? Nonce { get; set; }
        public byte[]? Data { get; set; }
    }
}

[JsonSerializable(typeof(KeyFile.Document))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true)]
internal sealed partial class KeyFileJson : JsonSerializerContext;
