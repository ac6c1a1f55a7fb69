using Meshara.Node.Storage;
using Meshara.Node.Storage.Sqlite;

namespace Meshara.Tests.Storage;

/// <summary>Messages that are made to disturb those that share a commit with them.</summary>
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
}
