using System.Text;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Storage;
using Meshara.Node.Transport;
using Meshara.Tests.Mesh;
using Meshara.Tests.Storage;
using Microsoft.Data.Sqlite;

namespace Meshara.Tests.Clocks;

/// <summary>One node of a mesh has a wrong clock; no guarantee depends on it.</summary>
public sealed class WrongClockTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_recipient_that_returns_two_hours_ahead_gets_what_a_relay_kept()
    {
        await using var mesh = new MeshFixture();
        var clock = new TestClock();
        var relay = await mesh.StartAsync();
        var bob = await mesh.StartAsync(clock.Setting);
        await bob.BecomesReadyAsync();
        var record = bob.Get<LocalRecord>().Current;
        await bob.StopAsync();
        await using (var alice = new TransportEnd())
        {
            var toRelay = await alice.JoinAsync(relay);
            var frame = Peers.Private(alice.Identity, record, "only copy", TimeSpan.FromHours(1));
            Assert.True((await toRelay.RequestAsync(new Frame { Deposit = new Deposit { Envelope = frame.Envelope } }, Token)).Deposited.Held);
        }
        clock.Offset = TimeSpan.FromHours(2);
        var returned = await mesh.RestartAsync(bob);
        await returned.ReceivesAsync("only copy");
        await Eventually.TrueAsync(
            async () => (await relay.Get<IRelayStore>().TakeHeldAsync(returned.Address, 10, Token)).Count == 0, "the relay keeps it no longer");
    }

    [Fact]
    public async Task A_relay_keeps_what_its_recipient_refuses()
    {
        await using var mesh = new MeshFixture();
        var relay = await mesh.StartAsync();
        var bob = await mesh.StartAsync(("Delivery:MaxTimeToLive", "00:10:00"), ("Delivery:TimeToLive", "00:10:00"));
        await bob.BecomesReadyAsync();
        var record = bob.Get<LocalRecord>().Current;
        await bob.StopAsync();
        await using (var alice = new TransportEnd())
        {
            var toRelay = await alice.JoinAsync(relay);
            var frame = Peers.Private(alice.Identity, record, "an hour old", TimeSpan.FromDays(1));
            frame.Envelope.Age = (ulong)TimeSpan.FromHours(1).TotalMicroseconds; // older than this recipient accepts
            Assert.True((await toRelay.RequestAsync(new Frame { Deposit = new Deposit { Envelope = frame.Envelope } }, Token)).Deposited.Held);
        }
        var returned = await mesh.RestartAsync(bob);
        await Eventually.TrueAsync(() => returned.Metrics.Sum("meshara.messages.dropped", "expired") > 0, "it refuses the message");
        Assert.Empty(await returned.ReceivedAsync());
        Assert.Single(await relay.Get<IRelayStore>().TakeHeldAsync(returned.Address, 10, Token));
    }

    [Fact]
    public async Task An_age_is_counted_while_a_relay_keeps_a_message()
    {
        await using var mesh = new MeshFixture();
        var clock = new TestClock();
        var relay = await mesh.StartAsync(clock.Setting);
        using var bob = NodeIdentity.Generate();
        await using var alice = new TransportEnd();
        var toRelay = await alice.JoinAsync(relay);
        var record = Peers.Record(bob);
        foreach (var (text, life) in new[] { ("short", TimeSpan.FromMinutes(30)), ("long", TimeSpan.FromHours(3)) })
        {
            var frame = Peers.Private(alice.Identity, record, text, life);
            frame.Envelope.Age = (ulong)TimeSpan.FromMinutes(10).TotalMicroseconds;
            Assert.True((await toRelay.RequestAsync(new Frame { Deposit = new Deposit { Envelope = frame.Envelope } }, Token)).Deposited.Held);
        }
        clock.Offset = TimeSpan.FromDays(-3);
        clock.Pass(TimeSpan.FromHours(1));
        await using var returned = new TransportEnd(identity: bob);
        returned.OnFrame = async (connection, frame) => await connection.SendAsync(new Frame { Correlation = frame.Correlation, HandedOver = new HandedOver() }, default);
        await returned.JoinAsync(relay);
        await Eventually.TrueAsync(() => Handed(returned).Count > 0, "the longer one is handed over");
        var age = TimeSpan.FromMicroseconds(Assert.Single(Handed(returned)).Age);
        Assert.InRange(age, TimeSpan.FromMinutes(70), TimeSpan.FromMinutes(72));

        static List<Envelope> Handed(TransportEnd end) => [.. end.Frames.Where(entry => entry.Frame.Handover is not null).Select(entry => entry.Frame.Handover.Envelope)];
    }

    [Fact]
    public async Task A_message_is_delivered_once_while_the_clock_of_its_recipient_jumps_forth_and_back()
    {
        await using var mesh = new MeshFixture();
        var clock = new TestClock();
        var bob = await mesh.StartAsync(clock.Setting);
        await using var alice = new TransportEnd();
        var toBob = await alice.JoinAsync(bob);
        var frame = Peers.Private(alice.Identity, bob.Get<LocalRecord>().Current, "pay 100", TimeSpan.FromHours(1));
        await toBob.SendAsync(frame, Token);
        await bob.ReceivesAsync("pay 100");
        clock.Offset = TimeSpan.FromHours(2);
        await CleansUpAsync(bob);
        clock.Offset = TimeSpan.Zero;
        await toBob.SendAsync(frame, Token);
        await IsDecidedAsync(bob);
        Assert.Single(await bob.ReceivedAsync());
    }

    [Fact]
    public async Task A_message_that_asks_for_a_life_of_30_days_is_delivered_once()
    {
        await using var mesh = new MeshFixture();
        var clock = new TestClock();
        var bob = await mesh.StartAsync(clock.Setting);
        await using var alice = new TransportEnd(time: clock);
        var toBob = await alice.JoinAsync(bob);
        var frame = Peers.Private(alice.Identity, bob.Get<LocalRecord>().Current, "pay 100", TimeSpan.FromDays(30));
        await toBob.SendAsync(frame, Token);
        await bob.ReceivesAsync("pay 100");
        clock.Pass(TimeSpan.FromDays(14) + TimeSpan.FromMinutes(1));
        await CleansUpAsync(bob);
        toBob = await alice.JoinAsync(bob);
        await toBob.SendAsync(frame, Token);
        await IsDecidedAsync(bob);
        Assert.Single(await bob.ReceivedAsync());
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(ulong.MaxValue)]
    public async Task A_life_of_thousands_of_years_breaks_nothing(ulong age)
    {
        await using var mesh = new MeshFixture();
        var node = await mesh.StartAsync();
        await using var hostile = new TransportEnd();
        var connection = await hostile.JoinAsync(node);
        foreach (var recipient in new[] { node.Get<LocalRecord>().Current, Peers.Record() })
        {
            var frame = Peers.Message(
                hostile.Identity, Node.Protocol.MessageType.Private, recipient.Address, _ => Google.Protobuf.ByteString.Empty,
                TimeSpan.FromDays(7000 * 365), DateTimeOffset.UnixEpoch);
            frame.Envelope.Age = age;
            await connection.SendAsync(frame, Token);
            await connection.RequestAsync(new Frame { Deposit = new Deposit { Envelope = frame.Envelope } }, Token);
        }
        Assert.True(connection.IsOpen);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_clock_40_days_ahead_for_a_moment_deletes_and_expires_nothing(bool restarted)
    {
        await using var mesh = new MeshFixture();
        var clock = new TestClock();
        var alice = await mesh.StartAsync();
        var bob = await mesh.StartAsync(clock.Setting);
        await bob.BecomesReadyAsync();
        for (var i = 0; i < 20; i++)
            await alice.EndsAsync(await alice.SendAsync(bob, $"unread {i}"));
        using var nobody = NodeIdentity.Generate();
        var own = await bob.Messenger.SendAsync(nobody.Address, Encoding.UTF8.GetBytes("own"), TimeSpan.FromDays(7), Token);
        clock.Offset = TimeSpan.FromDays(40);
        if (restarted)
            bob = await mesh.RestartAsync(bob);
        await CleansUpAsync(bob);
        Assert.Equal(20, (await bob.ReceivedAsync()).Count);
        clock.Offset = TimeSpan.Zero;
        Assert.Equal(20, (await bob.ReceivedAsync()).Count);
        Assert.Equal(MessageState.Pending, (await bob.StatusAsync(own)).State);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(-6)]
    [InlineData(-11)]
    [InlineData(600)]
    public async Task Broadcasts_go_both_ways_between_nodes_whose_clocks_differ(int minutes)
    {
        await using var mesh = new MeshFixture();
        var clock = new TestClock { Offset = TimeSpan.FromMinutes(minutes) };
        var one = await mesh.StartAsync();
        var odd = await mesh.StartAsync(clock.Setting);
        await odd.BecomesReadyAsync();
        await mesh.AreAllConnectedAsync();
        await one.Messenger.BroadcastAsync(Encoding.UTF8.GetBytes("from one"), Token);
        await odd.Messenger.BroadcastAsync(Encoding.UTF8.GetBytes("from odd"), Token);
        await odd.ReceivesAsync("from one");
        await one.ReceivesAsync("from odd");
    }

    /// <summary>Waits until the node has removed expired messages: adds one that is already expired and waits until it is gone.</summary>
    private static async Task CleansUpAsync(MeshPeer peer)
    {
        await peer.Get<IRelayStore>().HoldAsync(Samples.Held(DateTimeOffset.UnixEpoch.AddDays(1)), Token);
        await using var connection = new SqliteConnection(
            $"Data Source={Path.Combine(peer.Settings["Node:DataDirectory"]!, Node.Storage.Sqlite.Database.FileName)};Mode=ReadOnly;Pooling=False");
        await connection.OpenAsync(Token);
        await using var count = connection.CreateCommand();
        count.CommandText = "SELECT count(*) FROM relayed";
        await Eventually.TrueAsync(async () => (long)(await count.ExecuteScalarAsync(Token))! == 0, "the node cleans up");
    }

    /// <summary>Waits until a second copy was delivered or dropped.</summary>
    private static Task IsDecidedAsync(MeshPeer peer) => Eventually.TrueAsync(
        async () => (await peer.ReceivedAsync()).Count > 1 || peer.Metrics.Sum("meshara.messages.dropped", "duplicate") > 0
            || peer.Metrics.Sum("meshara.messages.dropped", "expired") > 0, "the second copy is delivered or dropped");
}
