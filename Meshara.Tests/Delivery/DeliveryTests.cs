using System.Diagnostics;
using System.Text;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Routing;
using Meshara.Tests.Mesh;
using PeerRecord = Meshara.Node.Protocol.PeerRecord;

namespace Meshara.Tests.Delivery;

public sealed class DeliveryTests
{
    [Fact]
    public async Task A_message_is_delivered_and_acknowledged()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        var id = await nodes[1].SendAsync(nodes[0], "hello");
        var status = await nodes[1].EndsAsync(id);
        Assert.Equal((MessageState.Acknowledged, nodes[0].Address, 1), (status.State, status.Recipient, status.Attempts));
        Assert.True(status.CompletedAt >= status.AcceptedAt && status.CompletedAt <= status.ExpiresAt);
        var received = Assert.Single(await nodes[0].ReceivedAsync());
        Assert.Equal((id, nodes[1].Address, false, "hello"), (received.Id, received.Sender, received.IsBroadcast, Encoding.UTF8.GetString(received.Content.Span)));
        await Eventually.TrueAsync(() => nodes[1].View.PendingMessages == 0, "nothing is pending");
        Assert.Equal(TimeSpan.Zero, nodes[1].View.OldestPendingMessage);
        await Eventually.EqualAsync(1, () => nodes[1].Metrics.Sum("meshara.messages.sent", "private"));
        await Eventually.EqualAsync(1, () => nodes[1].Metrics.Sum("meshara.delivery.attempts", "acknowledged"));
        await Eventually.EqualAsync(1, () => nodes[1].Metrics.Count("meshara.message.latency", "private"));
        await Eventually.EqualAsync(1, () => nodes[0].Metrics.Sum("meshara.messages.received", "private"));
        await Eventually.EqualAsync(1, () => nodes[0].Metrics.Sum("meshara.messages.sent", "ack"));
        await Eventually.EqualAsync(1, () => nodes[1].Metrics.Sum("meshara.messages.received", "ack"));
    }

    [Fact]
    public async Task Every_size_up_to_the_limit_arrives_unchanged()
    {
        await using var mesh = new MeshFixture(("Delivery:MaxMessageBytes", "1048576"));
        var nodes = await mesh.StartManyAsync(2);
        foreach (var size in new[] { 1, 1000, 70_000, 1024 * 1024 })
        {
            var content = new byte[size];
            new Random(size).NextBytes(content);
            var id = await nodes[0].Messenger.SendAsync(nodes[1].Address, content, null, TestContext.Current.CancellationToken);
            Assert.Equal(MessageState.Acknowledged, (await nodes[0].EndsAsync(id)).State);
            Assert.True((await nodes[1].ReceivedAsync())[^1].Content.Span.SequenceEqual(content));
        }
    }

    [Fact]
    public async Task A_message_to_somebody_unknown_waits_until_the_recipient_appears()
    {
        await using var mesh = new MeshFixture();
        var sender = await mesh.StartAsync();
        var folder = mesh.DataFolder("late");
        using var late = KeyFile.LoadOrCreate(Path.Combine(folder, NodeHost.KeyFileName), null);
        var id = await sender.Messenger.SendAsync(late.Address, "for later"u8.ToArray(), null, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(async () => (await sender.StatusAsync(id)).Attempts >= 2, "it was tried more than once");
        var waiting = await sender.StatusAsync(id);
        Assert.Equal(MessageState.Pending, waiting.State);
        Assert.Contains("nobody in the mesh knows the recipient", waiting.Reason, StringComparison.Ordinal);
        Assert.Equal(1, sender.View.PendingMessages);
        Assert.True(sender.View.OldestPendingMessage > TimeSpan.Zero);

        var recipient = await mesh.StartAsync(("Node:DataDirectory", folder));
        Assert.Equal(MessageState.Acknowledged, (await sender.EndsAsync(id)).State);
        Assert.Equal(["for later"], await recipient.ReceivedTextsAsync());
        await Eventually.EqualAsync(1, () => sender.Metrics.Sum("meshara.messages.sent", "private"));
    }

    [Fact]
    public async Task A_message_waits_for_a_recipient_that_stops_and_comes_back()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(3);
        await mesh.AreAllConnectedAsync();
        await nodes[2].StopAsync();
        await Eventually.TrueAsync(() => !nodes[1].IsConnectedTo(nodes[2]), "the recipient is gone");
        var ids = new List<MessageId>();
        for (var i = 0; i < 20; i++)
            ids.Add(await nodes[1].SendAsync(nodes[2], $"message {i}"));
        await Eventually.TrueAsync(async () => (await nodes[1].StatusAsync(ids[0])).Attempts >= 1, "it was tried");

        var back = await mesh.RestartAsync(nodes[2]);
        foreach (var id in ids)
            Assert.Equal(MessageState.Acknowledged, (await nodes[1].EndsAsync(id)).State);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"message {i}").Order(), (await back.ReceivedTextsAsync()).Order());
    }

    [Fact]
    public async Task However_many_messages_wait_for_a_dead_node_only_one_of_them_looks_for_it()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(4);
        await mesh.AreAllConnectedAsync();
        await nodes[3].StopAsync();
        await Eventually.TrueAsync(() => nodes.Take(3).All(node => !node.IsConnectedTo(nodes[3])), "everybody has noticed");
        var ids = new List<MessageId>();
        for (var i = 0; i < 20; i++)
            ids.Add(await nodes[1].SendAsync(nodes[3], $"message {i}"));
        async Task<int> AttemptsAsync()
        {
            var states = await Task.WhenAll(ids.Select(async id => await nodes[1].StatusAsync(id)));
            return states.Sum(state => state.Attempts);
        }

        await Eventually.TrueAsync(async () => await AttemptsAsync() >= 6, "it was looked for again and again");
        // If each message started its own lookup, the first round alone would take twenty attempts.
        Assert.InRange(await AttemptsAsync(), 6, 12);

        var back = await mesh.RestartAsync(nodes[3]);
        foreach (var id in ids)
            Assert.Equal(MessageState.Acknowledged, (await nodes[1].EndsAsync(id)).State);
        Assert.Equal(20, (await back.ReceivedAsync()).Count);
    }

    [Fact]
    public async Task A_message_that_the_recipient_cannot_decrypt_is_rejected()
    {
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        // The recipient's own signature over an encryption key that is not its current one.
        using var identity = NodeIdentity.Generate();
        var secret = nodes[1].Get<NodeIdentity>().ExportSecret();
        identity.ExportSecret().AsSpan(32).CopyTo(secret.AsSpan(32));
        using var mistaken = NodeIdentity.Import(secret);
        var record = PeerRecord.Create(mistaken, "mistaken", nodes[1].View.Info.Endpoints.Select(Endpoint), ulong.MaxValue, DateTimeOffset.UtcNow.AddHours(1));
        nodes[0].Get<PeerBook>().Add(record);

        var status = await nodes[0].EndsAsync(await nodes[0].SendAsync(nodes[1], "unreadable"));
        Assert.Equal(MessageState.Rejected, status.State);
        Assert.Contains("decrypt", status.Reason, StringComparison.Ordinal);
        Assert.Empty(await nodes[1].ReceivedAsync());
        await Eventually.EqualAsync(1, () => nodes[1].Metrics.Sum("meshara.messages.dropped", "undecryptable"));
        await Eventually.EqualAsync(1, () => nodes[0].Metrics.Sum("meshara.delivery.attempts", "rejected"));
        Assert.Equal(0, nodes[0].Metrics.Count("meshara.message.latency"));

        static PeerEndpoint Endpoint(string text) => PeerEndpoint.TryParse(text, out var endpoint) ? endpoint : throw new ArgumentException(text);
    }

    [Fact]
    public async Task A_message_larger_than_the_recipient_takes_is_rejected()
    {
        await using var mesh = new MeshFixture();
        var sender = await mesh.StartAsync();
        var recipient = await mesh.StartAsync(("Delivery:MaxMessageBytes", "1000"));
        await recipient.BecomesReadyAsync();
        var status = await sender.EndsAsync(await sender.SendAsync(recipient, new string('x', 5000)));
        Assert.Equal(MessageState.Rejected, status.State);
        Assert.Contains("size", status.Reason, StringComparison.Ordinal);
        await Eventually.EqualAsync(1, () => recipient.Metrics.Sum("meshara.messages.dropped", "oversize"));
    }

    [Fact]
    public async Task A_message_that_nobody_acknowledges_expires()
    {
        await using var mesh = new MeshFixture();
        var sender = await mesh.StartAsync();
        await sender.BecomesReadyAsync();
        using var nobody = NodeIdentity.Generate();
        var id = await sender.Messenger.SendAsync(nobody.Address, "x"u8.ToArray(), TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        var status = await sender.EndsAsync(id);
        Assert.Equal(MessageState.Expired, status.State);
        Assert.True(status.CompletedAt >= status.ExpiresAt);
        await Eventually.EqualAsync(1, () => sender.Metrics.Sum("meshara.messages.dropped", "expired"));
        await Eventually.TrueAsync(() => sender.View.PendingMessages == 0, "its place is free");
    }

    [Fact]
    public async Task Concurrent_messages_are_all_delivered_and_acknowledged_exactly_once()
    {
        const int count = 2000;
        await using var mesh = new MeshFixture(("Delivery:RetryBase", "00:00:20"), ("Delivery:RetryCap", "00:01:00"));
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        var ids = await Task.WhenAll(Enumerable.Range(0, count).Select(i => Task.Run(() => nodes[i % 2].SendAsync(nodes[1 - i % 2], $"{i}"))));
        await Eventually.TrueAsync(() => nodes.All(node => node.View.PendingMessages == 0), "all are acknowledged");
        for (var i = 0; i < count; i++)
            Assert.Equal(MessageState.Acknowledged, (await nodes[i % 2].StatusAsync(ids[i])).State);
        for (var side = 0; side < 2; side++)
        {
            Assert.Equal(Enumerable.Range(0, count).Where(i => i % 2 != side).Select(i => $"{i}").Order(), (await nodes[side].ReceivedTextsAsync()).Order());
            await Eventually.EqualAsync(count / 2, () => nodes[side].Metrics.Sum("meshara.delivery.attempts", "acknowledged"));
            await Eventually.EqualAsync(count / 2, () => nodes[side].Metrics.Sum("meshara.messages.sent", "private"));
            await Eventually.EqualAsync(count / 2, () => nodes[side].Metrics.Count("meshara.message.latency"));
        }
    }

    [Fact]
    public async Task A_message_is_known_at_every_moment_from_acceptance_to_its_end()
    {
        const int count = 1000;
        await using var mesh = new MeshFixture();
        var nodes = await mesh.StartManyAsync(2);
        await mesh.AreAllConnectedAsync();
        for (var i = 0; i < count; i++)
        {
            var id = await nodes[0].SendAsync(nodes[1], $"{i}");
            // Poll without a pause, so that many calls coincide with the message's end.
            var asking = Stopwatch.GetTimestamp();
            while ((await nodes[0].StatusAsync(id)).State == MessageState.Pending)
                Assert.True(Stopwatch.GetElapsedTime(asking) < Eventually.Deadline, "The message ends.");
        }
    }
}
