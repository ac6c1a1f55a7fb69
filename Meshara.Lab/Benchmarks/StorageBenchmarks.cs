using BenchmarkDotNet.Attributes;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Meshara.Lab.Benchmarks;

/// <summary>Storing messages in the inbox, in batches as large as those that share a commit under load.</summary>
public class StorageBenchmarks
{
    private const int Messages = 256;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("meshara-lab-");
    private readonly byte[] _content = new byte[256];
    private readonly NodeAddress _sender;
    private IMessageStore _store = null!;

    public StorageBenchmarks()
    {
        using var sender = NodeIdentity.Generate();
        _sender = sender.Address;
    }

    /// <summary>Durability of the storage.</summary>
    [Params(StorageDurability.Memory, StorageDurability.Normal)]
    public StorageDurability Durability { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var storage = Options.Create(new StorageOptions { Durability = Durability, MaxInboxMessagesPerSender = int.MaxValue, MaxInboxBytesPerSender = long.MaxValue });
        var delivery = Options.Create(new DeliveryOptions());
        _store = Durability == StorageDurability.Memory
            ? new MemoryMessageStore(storage, delivery, TimeProvider.System)
            : new SqliteMessageStore(
                Options.Create(new NodeOptions { DataDirectory = _folder.FullName }), storage, delivery, TimeProvider.System, NullLogger<SqliteMessageStore>.Instance);
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        (_store as IDisposable)?.Dispose();
        _folder.Delete(recursive: true);
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public async Task Deliver()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, Messages).Select(_ => DeliverAsync()));
        if (results.Any(result => result != DeliveryResult.Delivered))
            throw new InvalidOperationException("A new message counts as a duplicate.");
    }

    private async Task<DeliveryResult> DeliverAsync()
    {
        var now = DateTimeOffset.UtcNow;
        return await _store.DeliverAsync(
            new IncomingMessage(MessageId.Create(now), _sender, IsBroadcast: false, now, now, _content, now.AddHours(1)), CancellationToken.None);
    }
}
