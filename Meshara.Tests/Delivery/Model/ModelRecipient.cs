using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol.Wire;
using Meshara.Node.Storage;
using Envelope = Meshara.Node.Protocol.Envelope;

namespace Meshara.Tests.Delivery.Model;

/// <summary>
/// The receiving half of a node: the decisions of <see cref="Node.Delivery.Receiver"/> on a real store, and a reader of its inbox
/// that removes what it has read.
/// </summary>
internal sealed class ModelRecipient(NodeAddress relay, NodeClock clock, IModelStore store)
{
    public bool IsUp { get; set; } = true;

    /// <summary>Contents of the messages that the reader was given, in order.</summary>
    public List<string> Read { get; } = [];

    public IModelStore Store => store;

    /// <summary>The answer to a message; null if it is dropped as too old.</summary>
    public async Task<AckStatus?> ReceiveAsync(FrameInFlight frame, NodeAddress sender)
    {
        if (!Envelope.TryRestore(frame.Wire!, out var envelope))
            throw new InvalidOperationException("A message of the model is malformed.");
        var from = frame.Kind == FrameKind.Handover || envelope.HopCount > 0 ? relay : sender;
        if (!envelope.Arrive(clock.Steady, World.LongestLife) || Lives.IsStale(envelope, from, World.LongestLife, clock))
            return null;
        var forget = clock.Steady + Lives.Memory(Lives.Bounded(envelope.Life, World.LongestLife));
        var message = new IncomingMessage(
            envelope.Id, envelope.Sender, IsBroadcast: false, envelope.Timestamp, clock.GetUtcNow(), envelope.Wire.Payload.Memory, forget);
        var result = await store.Messages.DeliverAsync(message, CancellationToken.None);
        return result == DeliveryResult.Full ? AckStatus.InboxFull : AckStatus.Delivered;
    }

    public async Task<List<string>> InboxAsync() =>
        [.. (await store.Messages.ReadAsync(0, 1000, CancellationToken.None)).Select(message => World.NameOf(message.Content))];

    public async Task ReadInboxAsync()
    {
        foreach (var message in await store.Messages.ReadAsync(0, 1000, CancellationToken.None))
        {
            Read.Add(World.NameOf(message.Content));
            await store.Messages.DeleteAsync(message.Id, message.Sender, CancellationToken.None);
        }
    }
}
