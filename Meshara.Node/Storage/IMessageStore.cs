using Meshara.Node.Delivery;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>Where messages rest: the outbox of what was accepted, the inbox of what arrived. Safe for concurrent use.</summary>
internal interface IMessageStore : IInbox
{
    /// <summary>What keeps the store from taking messages, or null when it works.</summary>
    string? Problem { get; }

    /// <summary>Messages accepted earlier and not yet finished, oldest first.</summary>
    ValueTask<IReadOnlyList<OutgoingRecord>> LoadPendingAsync(CancellationToken cancellationToken);

    /// <summary>Takes an accepted message; once this completes it is as safe as the store makes it.</summary>
    ValueTask AppendAsync(OutgoingRecord message, CancellationToken cancellationToken);

    /// <summary>Replaces a message that could only now be sealed.</summary>
    ValueTask SealAsync(OutgoingRecord message, CancellationToken cancellationToken);

    /// <summary>Notes how a message ended; its body is no longer needed.</summary>
    ValueTask CompleteAsync(MessageStatus final, CancellationToken cancellationToken);

    /// <summary>The final state of a finished message that is still remembered.</summary>
    ValueTask<MessageStatus?> FindCompletedAsync(MessageId id, CancellationToken cancellationToken);

    /// <summary>Puts a message into the inbox unless it was there before.</summary>
    ValueTask<DeliveryResult> DeliverAsync(IncomingMessage message, CancellationToken cancellationToken);
}
