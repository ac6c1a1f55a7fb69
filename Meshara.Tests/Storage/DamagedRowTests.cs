using Meshara.Node;
using Meshara.Node.Protocol;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;

namespace Meshara.Tests.Storage;

/// <summary>A database that SQLite can read, with values that no node wrote: the store says that it is damaged.</summary>
public sealed class DamagedRowTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly StoreFolder _folder;

    public DamagedRowTests() => _folder = new StoreFolder { Time = _time };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("UPDATE inbox SET id = x'01'")]
    [InlineData("UPDATE inbox SET sender = x'01'")]
    [InlineData("UPDATE inbox SET network = x'01'")]
    [InlineData("UPDATE outbox SET id = x'01'")]
    [InlineData("UPDATE outbox SET recipient = 'text'")]
    [InlineData("UPDATE relayed SET sender = x'01'")]
    [InlineData("UPDATE relayed SET id = 1")]
    [InlineData("UPDATE completed SET recipient = x'01'")]
    public async Task A_value_of_a_wrong_length_is_reported_as_damage(string damage)
    {
        var completed = await FillAsync();
        Execute(damage);
        var failure = await Assert.ThrowsAsync<MesharaException>(() => ReadAsync(completed));
        Assert.Equal(ErrorCodes.Storage, failure.Code);
        Assert.Contains("is damaged", failure.Message, StringComparison.Ordinal);
    }

    private async Task<MessageId> FillAsync()
    {
        var now = _time.GetUtcNow();
        await using var store = _folder.Open();
        await store.AppendAsync(Samples.Outgoing(now), Cancel);
        var ended = Samples.Outgoing(now);
        await store.AppendAsync(ended, Cancel);
        await store.CompleteAsync(Samples.Final(ended, now), Cancel);
        await store.DeliverAsync(Samples.Incoming(now), Cancel);
        await store.HoldAsync(Samples.Held(now), Cancel);
        return ended.Id;
    }

    private async Task ReadAsync(MessageId completed)
    {
        await using var store = _folder.Open();
        await store.LoadPendingAsync(Cancel);
        await store.ReadAsync(0, 10, Cancel);
        await store.TakeHeldAsync(Samples.Friend, 10, Cancel);
        await store.FindCompletedAsync(completed, Cancel);
    }

    private void Execute(string statement)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.Database};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = statement;
        Assert.Equal(1, command.ExecuteNonQuery());
    }
}
