using Meshara.Node.Delivery;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>
/// Stores messages: the outbox of accepted ones and the inbox of received ones. Safe for concurrent use. Every method throws
/// <see cref="MesharaException"/> with <see cref="ErrorCodes.Storage"/> if the store fails; data is written when the method
/// completes, unless stated otherwise. Cancellation only ends the wait for room in the store's queue: an operation in the
/// queue is carried out, and its outcome is reported.
/// </summary>
internal interface IMessageStore : IInbox
{
    /// <summary>What prevents the store from accepting messages or slows it down; null if it works.</summary>
    string? Problem { get; }

    /// <summary>What <see cref="Problem"/> means for storing messages.</summary>
    StorageState State { get; }

    /// <summary>Messages evicted from the inbox since the start.</summary>
    InboxEvictions Evictions { get; }

    /// <summary>Accepted messages that are not finished, oldest first.</summary>
    ValueTask<IReadOnlyList<OutgoingRecord>> LoadPendingAsync(CancellationToken cancellationToken);

    /// <summary>Stores an accepted message; once this completes, the message is as durable as the store can make it.</summary>
    ValueTask AppendAsync(OutgoingRecord message, CancellationToken cancellationToken);

    /// <summary>
    /// Records a request and stores the message it produced, unless a request with the same key is remembered: then nothing
    /// changes, and that request is returned.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="message">The message; null if it is not stored, as for a broadcast.</param>
    ValueTask<RequestRecord?> AppendOnceAsync(RequestRecord request, OutgoingRecord? message, CancellationToken cancellationToken);

    /// <summary>Replaces a message that could not be sealed earlier; a finished message stays finished.</summary>
    ValueTask SealAsync(OutgoingRecord message, CancellationToken cancellationToken);

    /// <summary>
    /// Records the final state of a message; its body is no longer needed. Completes once the store has taken the record, not
    /// once it is durable: if a crash loses it, the message is sent again, and its recipient acknowledges and suppresses it. A
    /// record that the disk does not take is kept and written once the disk has recovered.
    /// </summary>
    ValueTask CompleteAsync(MessageStatus final, CancellationToken cancellationToken);

    /// <summary>The final state of a finished message, if it is still remembered.</summary>
    ValueTask<MessageStatus?> FindCompletedAsync(MessageId id, CancellationToken cancellationToken);

    /// <summary>
    /// Puts a message into the inbox, unless it was there before. Either outcome is reported only once the message is safe.
    /// </summary>
    ValueTask<DeliveryResult> DeliverAsync(IncomingMessage message, CancellationToken cancellationToken);
}
