using Meshara.Node.Clocks;
using Meshara.Node;
using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Meshara.Tests.Storage;

/// <summary>Messages crafted to harm others in the same commit.</summary>
public sealed class PoisonTests : IDisposable
{
    private readonly StoreFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_message_that_never_expires_is_delivered_with_the_others()
    {
        const int count = 2_000;
        await using var store = _folder.Open();
        var endless = Enumerable.Range(0, count).Select(i => i % 100 == 0 ? DateTimeOffset.MaxValue : DateTimeOffset.UtcNow.AddHours(1));
        var writes = endless.Select(expires => store.DeliverAsync(Samples.Incoming(DateTimeOffset.UtcNow) with { Expires = expires }, Cancel).AsTask()).ToArray();
        Assert.All(await Task.WhenAll(writes), result => Assert.Equal(DeliveryResult.Delivered, result));
        Assert.InRange(store.Commits, 1, count / 2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_operation_that_fails_does_not_make_the_others_be_committed_one_by_one(bool changesFirst)
    {
        using var gate = new ManualResetEventSlim();
        await using var writer = new GroupCommitWriter(_folder.Database, Open, _folder.Options, TimeProvider.System, NullLogger.Instance);
        var first = writer.WriteAsync(0, 1, (_, _) => gate.Wait(TimeSpan.FromSeconds(30), Cancel), Cancel).AsTask();
        var others = Enumerable.Range(0, 50).Select(_ => DeliverAsync()).ToList();
        var poison = writer.ExecuteAsync(changesFirst, 1, Fail, Cancel).AsTask();
        others.AddRange(Enumerable.Range(0, 50).Select(_ => DeliverAsync()));
        gate.Set();
        await first;
        await Assert.ThrowsAsync<MesharaException>(() => poison);
        Assert.All(await Task.WhenAll(others), result => Assert.Equal(DeliveryResult.Delivered, result));
        Assert.InRange(writer.Commits, 1, 3);

        Task<DeliveryResult> DeliverAsync() =>
            writer.WriteAsync(Samples.Incoming(DateTimeOffset.UtcNow), 1, static (session, message) => session.Deliver(message), Cancel).AsTask();

        static bool Fail(WriteSession session, bool changesFirst)
        {
            if (changesFirst)
                session.Append(Samples.Outgoing(DateTimeOffset.UtcNow));
            throw new InvalidOperationException("a defect");
        }
    }

    private WriteSession Open() => new(
        Database.OpenWriter(_folder.Database, StorageDurability.Normal), new InboxUsage(_folder.Options), _folder.Options, TimeSpan.FromDays(7),
        NodeClock.Of(TimeProvider.System));
}
