using Meshara.Node.Clocks;
using Meshara.Node.Delivery;
using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;
using Meshara.Tests.Storage;

namespace Meshara.Tests.Delivery.Model;

/// <summary>The store of one node of the model, and what a crash of the node does to it.</summary>
internal interface IModelStore : IAsyncDisposable
{
    IMessageStore Messages { get; }

    IRelayStore Relayed { get; }

    /// <summary>Waits until everything that the store has taken is written.</summary>
    Task WriteAsync();

    Task CrashAsync();
}

/// <summary>A store in memory that outlives its node: what is written is safe, as on a disk.</summary>
internal sealed class LastingMemory : IModelStore
{
    public LastingMemory(NodeClock clock)
    {
        var store = new MemoryMessageStore(
            Microsoft.Extensions.Options.Options.Create(new StorageOptions()),
            Microsoft.Extensions.Options.Options.Create(new DeliveryOptions()), clock);
        (Messages, Relayed) = (store, store);
    }

    public IMessageStore Messages { get; set; }

    public IRelayStore Relayed { get; }

    public Task WriteAsync() => Task.CompletedTask;

    public Task CrashAsync() => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>
/// An SQLite store. A crash leaves its files exactly as they are at that moment, the write-ahead log included; the next run opens
/// a copy of them.
/// </summary>
internal sealed class CrashingDatabase : IModelStore
{
    private readonly NodeClock _clock;
    private readonly Func<IMessageStore, IMessageStore> _wrap;
    private StoreFolder _folder;
    private SqliteMessageStore _store;

    public CrashingDatabase(NodeClock clock, Func<IMessageStore, IMessageStore>? wrap = null)
    {
        _clock = clock;
        _wrap = wrap ?? (store => store);
        _folder = new StoreFolder { Time = clock };
        _store = _folder.Open();
        Messages = _wrap(_store);
    }

    public IMessageStore Messages { get; private set; }

    public IRelayStore Relayed => _store;

    // Writes are carried out in order.
    public async Task WriteAsync() => await _store.SavePeersAsync([], CancellationToken.None);

    public async Task CrashAsync()
    {
        var next = new StoreFolder { Time = _clock };
        foreach (var file in (string[])[_folder.Database, _folder.Database + "-wal"])
            File.Copy(file, Path.Combine(next.Directory, Path.GetFileName(file)));
        await DisposeAsync();
        (_folder, _store) = (next, next.Open());
        Messages = _wrap(_store);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }
}
