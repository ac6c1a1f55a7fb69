using System.Security.Cryptography;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Meshara.Tests.Storage;

/// <summary>A temporary data directory, and stores opened in it.</summary>
internal sealed class StoreFolder : IDisposable
{
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("meshara-store-").FullName;

    public string Database => Path.Combine(Directory, Node.Storage.Sqlite.Database.FileName);

    public StorageOptions Options { get; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public SqliteMessageStore Open(string? directory = null) => new(
        Microsoft.Extensions.Options.Options.Create(new NodeOptions { DataDirectory = directory ?? Directory }),
        Microsoft.Extensions.Options.Options.Create(Options), Microsoft.Extensions.Options.Options.Create(new DeliveryOptions()),
        Time, NullLogger<SqliteMessageStore>.Instance);

    public string Hash() => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Database)));

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
