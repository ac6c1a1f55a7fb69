using System.Security.Cryptography;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;

namespace Meshara.Tests.Delivery;

public sealed class ProbeTests
{
    private static readonly NodeAddress Recipient = new(RandomNumberGenerator.GetBytes(32));
    private static readonly DateTimeOffset Start = new(2025, 12, 23, 10, 34, 12, TimeSpan.Zero);

    private readonly RecipientQueue _queue = new(Recipient, window: 3, new Passage(TimeSpan.FromSeconds(1)));

    [Fact]
    public void A_message_that_is_never_acknowledged_does_not_stay_the_probe()
    {
        var messages = Add(3);
        _queue.TryClaim();
        Assert.Same(messages[0], _queue.Take());
        Unanswered(messages[0]);
        Assert.Same(messages[1], _queue.Take());
        Assert.Null(_queue.Take()); // one at a time
        Unanswered(messages[1]);
        _queue.TryClaim();
        Assert.Same(messages[2], _queue.Take());
        Unanswered(messages[2]);
        Assert.Same(messages[0], _queue.Take()); // all have had their turn
    }

    [Fact]
    public void Once_the_recipient_is_within_reach_messages_go_in_order_of_acceptance_again()
    {
        var messages = Add(3);
        _queue.TryClaim();
        Unanswered(_queue.Take()!);
        _queue.Reached();
        _queue.TryClaim();
        Assert.Equal(messages, [_queue.Take()!, _queue.Take()!, _queue.Take()!]);
    }

    private void Unanswered(OutgoingMessage message) => Assert.True(_queue.Doubt(message));

    private List<OutgoingMessage> Add(int count)
    {
        var added = new List<OutgoingMessage>();
        for (var i = 0; i < count; i++)
        {
            var record = new OutgoingRecord(MessageId.Create(Start.AddSeconds(i)), Recipient, null, new byte[1], 1, Start, Start.AddHours(1), default);
            added.Add(new OutgoingMessage(record, null, 0));
            _queue.AddReady(added[^1]);
        }
        return added;
    }
}
