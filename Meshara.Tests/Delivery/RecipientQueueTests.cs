using System.Security.Cryptography;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Delivery;

public sealed class RecipientQueueTests
{
    private static readonly NodeAddress Recipient = new(RandomNumberGenerator.GetBytes(32));
    private static readonly DateTimeOffset Start = new(2025, 12, 23, 10, 34, 12, TimeSpan.Zero);

    private readonly RecipientQueue _queue = new(Recipient, window: 3, new Passage(TimeSpan.FromSeconds(1)));

    [Fact]
    public void Messages_are_taken_in_order_of_acceptance_up_to_the_window()
    {
        var messages = Add(5);
        Assert.True(_queue.TryClaim());
        Assert.Equal(messages.Take(3), [_queue.Take(), _queue.Take(), _queue.Take()]);
        Assert.Null(_queue.Take());
        Assert.Equal(3, _queue.InFlight);
        Assert.False(_queue.TryClaim()); // the window is full
        _queue.Finished(messages[1]);
        Assert.True(_queue.TryClaim());
        Assert.Same(messages[3], _queue.Take());
    }

    [Fact]
    public void Only_one_worker_has_the_queue()
    {
        Add(2);
        Assert.True(_queue.TryClaim());
        Assert.False(_queue.TryClaim());
        Assert.NotNull(_queue.Take());
        Assert.False(_queue.TryClaim());
        Assert.NotNull(_queue.Take());
        Assert.Null(_queue.Take()); // gives it back
        Add(1);
        Assert.True(_queue.TryClaim());
    }

    [Fact]
    public void A_failure_pauses_everything_and_puts_the_message_back_in_its_place()
    {
        var messages = Add(3);
        _queue.TryClaim();
        Assert.Same(messages[0], _queue.Take());
        Assert.True(_queue.Failed(messages[0], out var failures));
        Assert.Equal(1, failures);
        Assert.Null(_queue.Take());
        Assert.False(_queue.TryClaim());
        _queue.Resume();
        Assert.True(_queue.TryClaim());
        Assert.Same(messages[0], _queue.Take());
        Assert.True(_queue.Failed(messages[0], out failures));
        Assert.Equal(2, failures);
        _queue.Reached();
        _queue.TryClaim();
        Assert.True(_queue.Failed(_queue.Take()!, out failures));
        Assert.Equal(1, failures); // counted since it was last reachable
    }

    [Fact]
    public void What_fails_together_is_one_failure_and_one_pause()
    {
        Add(3);
        _queue.TryClaim();
        var taken = Enumerable.Range(0, 3).Select(_ => _queue.Take()!).ToList();
        Assert.True(_queue.Failed(taken[0], out _));
        Assert.False(_queue.Failed(taken[1], out var failures));
        Assert.False(_queue.Failed(taken[2], out failures));
        Assert.Equal(1, failures);
        Assert.Equal(0, _queue.InFlight);
    }

    [Fact]
    public void After_a_failure_one_message_at_a_time_is_on_its_way_until_the_recipient_is_within_reach()
    {
        var messages = Add(3);
        _queue.TryClaim();
        _queue.Failed(_queue.Take()!, out _);
        _queue.Resume();
        _queue.TryClaim();
        Assert.Same(messages[0], _queue.Take());
        Assert.Null(_queue.Take()); // a relay has it, which does not make the recipient reachable
        Assert.False(_queue.TryClaim());
        _queue.Reached();
        Assert.True(_queue.TryClaim());
        Assert.Equal(messages.Skip(1), [_queue.Take(), _queue.Take()]);
    }

    [Fact]
    public void Without_an_acknowledgment_what_follows_is_a_probe()
    {
        Add(3);
        _queue.TryClaim();
        Assert.True(_queue.Doubt(_queue.Take()!));
        Assert.NotNull(_queue.Take());
        Assert.Null(_queue.Take());
        _queue.Reached();
        Assert.True(_queue.TryClaim());
    }

    [Fact]
    public void A_finished_message_is_not_attempted_again()
    {
        var messages = Add(2);
        _queue.TryClaim();
        _queue.Take();
        messages[0].TryFinish();
        Assert.True(_queue.Return(messages[0]));
        Assert.False(_queue.Return(messages[0]));
        messages[1].TryFinish();
        Assert.Null(_queue.Take());
        Assert.True(_queue.IsEmpty);
    }

    [Fact]
    public async Task What_was_sent_before_the_connection_came_is_ready_again()
    {
        await using var here = new TransportEnd();
        await using var there = new TransportEnd();
        var connection = await here.ConnectAsync(there);
        var messages = Add(3);
        _queue.TryClaim();
        for (var i = 0; i < 3; i++)
            _queue.Take();
        (messages[0].WasSent, messages[0].SentTimestamp) = (true, 10);
        (messages[1].WasSent, messages[1].SentTimestamp) = (true, 30);
        // Sent on the new connection, before its listeners were notified.
        (messages[2].WasSent, messages[2].SentTimestamp, messages[2].Departure) = (true, 15, (connection, 100));
        Assert.Equal(1, _queue.ReturnSentBefore(20, connection));
        Assert.Equal(2, _queue.InFlight);
        Assert.Same(messages[0], _queue.Take());
    }

    private List<OutgoingMessage> Add(int count)
    {
        var added = new List<OutgoingMessage>();
        for (var i = 0; i < count; i++)
        {
            var record = new OutgoingRecord(MessageId.Create(Start.AddSeconds(i)), Recipient, null, new byte[1], 1, Start, Start.AddHours(1), default);
            added.Add(new OutgoingMessage(record, null, 0));
        }
        foreach (var message in Enumerable.Reverse(added))
            _queue.AddReady(message);
        return added;
    }
}
