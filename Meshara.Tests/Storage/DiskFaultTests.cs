using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Storage;

/// <summary>Failing disks, on a real file system.</summary>
public sealed class DiskFaultTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_refuses_messages_loses_none_and_recovers_by_itself()
    {
        using var volume = TestVolume.Mount(mebibytes: 4);
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
        using var folder = new StoreFolder { Time = time };
        var ballast = Path.Combine(volume.Path, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[2 * 1024 * 1024], Cancel);
        var accepted = new List<OutgoingRecord>();
        MessageStatus final;
        await using (var store = folder.Open(volume.Path))
        {
            var refused = await FillAsync(store, accepted, time);
            Assert.Equal(ErrorCodes.Storage, refused.Code);
            Assert.Contains("is full", refused.Message, StringComparison.Ordinal);
            Assert.Contains("is full", store.Problem, StringComparison.Ordinal);
            Assert.Equal(StorageState.Failed, store.State);
            await Assert.ThrowsAsync<MesharaException>(() => store.DeliverAsync(Samples.Incoming(time.GetUtcNow()), Cancel).AsTask());
            // A state that the disk cannot take now is remembered and written later.
            final = Samples.Final(accepted[0], time.GetUtcNow());
            await store.CompleteAsync(final, Cancel);
            Assert.Equal(final, await store.FindCompletedAsync(final.Id, Cancel));

            File.Delete(ballast);
            await Condition.HoldsAsync(() =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(store.Problem is null);
            });
            var after = Samples.Outgoing(time.GetUtcNow());
            await store.AppendAsync(after, Cancel);
            accepted.Add(after);
        }
        await using var again = folder.Open(volume.Path);
        Assert.Equal(accepted.Skip(1).Select(Samples.Text), (await again.LoadPendingAsync(Cancel)).Select(Samples.Text));
        Assert.Equal(final, await again.FindCompletedAsync(final.Id, Cancel));
    }

    [Fact]
    public async Task A_store_on_a_read_only_disk_is_a_clear_error()
    {
        using var volume = TestVolume.Mount(mebibytes: 4);
        using var folder = new StoreFolder();
        await using (var store = folder.Open(volume.Path))
            await store.DeliverAsync(Samples.Incoming(DateTimeOffset.UtcNow), Cancel);
        volume.MakeReadOnly();
        var refused = Assert.Throws<MesharaException>(() => folder.Open(volume.Path));
        Assert.Equal(ErrorCodes.Storage, refused.Code);
        Assert.Contains(volume.Path, refused.Message, StringComparison.Ordinal);
        Assert.Contains("ead-only", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<MesharaException> FillAsync(SqliteMessageStore store, List<OutgoingRecord> accepted, FakeTimeProvider time)
    {
        while (true)
        {
            var message = Samples.Outgoing(time.GetUtcNow(), size: 50_000);
            try
            {
                await store.AppendAsync(message, Cancel);
            }
            catch (MesharaException refused)
            {
                return refused;
            }
            accepted.Add(message);
            Assert.True(accepted.Count < 1000, "The disk never became full.");
        }
    }
}
