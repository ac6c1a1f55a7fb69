using Meshara.Node.Delivery;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>
/// Where messages rest: the outbox of what was accepted, the inbox of what arrived. Safe for concurrent use. Every method throws
/// <see cref="MesharaException"/> with <see cref="ErrorCodes.Storage"/> when the store cannot do it; what is written is written
/// when the method completes, unless it says otherwise. Cancellation ends the wait for room in the store's queue; what is in the
/// queue is done, and its outcome told.
/// </summary>
internal interface IMessageStore : IInbox
{
    /// <summary>What keeps the store from taking messages or slows it down, or null when it works.</summary>
    string? Problem { get; }

    /// <summary>What <see cref="Problem"/> means for whoever wants to store something.</summary>
    StorageState State { get; }

    /// <summary>Messages that left the inbox since the start without being asked to.</summary>
    InboxEvictions Evictions { get; }

    /// <summary>Messages accepted earlier and not yet finished, oldest first.</summary>
    ValueTask<IReadOnlyList<OutgoingRecord>> LoadPendingAsync(CancellationToken cancellationToken);

    /// <summary>Takes an accepted message; once this completes it is as safe as the store makes it.</summary>
    ValueTask AppendAsync(OutgoingRecord message, CancellationToken cancellationToken);

    /// <summary>
    /// Notes a request, and with it takes the message it became, unless a request with the same key is remembered: then nothing
    /// changes, and that one is the answer.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="message">Null when its message is not kept, as a broadcast.</param>
    ValueTask<RequestRecord?> AppendOnceAsync(RequestRecord request, OutgoingRecord? message, CancellationToken cancellationToken);

    /// <summary>Replaces a message that could only now be sealed; one that is finished already stays so.</summary>
    ValueTask SealAsync(OutgoingRecord message, CancellationToken cancellationToken);

    /// <summary>
    /// Notes how a message ended; its body is no longer needed. Complete as soon as the note is taken, not when it is safe: losing
    /// one in a crash means that the message is sent again, which its recipient answers and suppresses. A note that the disk does
    /// not take is kept and written when the disk has recovered.
    /// </summary>
    ValueTask CompleteAsync(MessageStatus final, CancellationToken cancellationToken);

    /// <summary>The final state of a finished message that is still remembered.</summary>
    ValueTask<MessageStatus?> FindCompletedAsync(MessageId id, CancellationToken cancellationToken);

    /// <summary>Puts a message into the inbox unless it was there before. Both answers are given only when the message is safe.</summary>
    ValueTask<DeliveryResult> DeliverAsync(IncomingMessage message, CancellationToken cancellationToken);
}
