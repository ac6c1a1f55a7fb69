using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>
/// The messages this node received, in order of arrival. They are read with a cursor, so that a reader can resume.
/// </summary>
public interface IInbox
{
    /// <summary>
    /// Reads at most <paramref name="limit"/> messages with a cursor greater than <paramref name="after"/>, oldest first.
    /// </summary>
    /// <param name="after">The cursor of an earlier message, or 0 for the beginning.</param>
    /// <param name="limit">1 to 1000.</param>
    ValueTask<IReadOnlyList<InboxMessage>> ReadAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>Removes a message. Its id is still recognized as a duplicate.</summary>
    /// <param name="id">Its sender's id for it.</param>
    /// <param name="sender">The signer; null if only one sender has used the id. If several have, nothing is removed.</param>
    ValueTask<DeleteResult> DeleteAsync(MessageId id, NodeAddress? sender, CancellationToken cancellationToken);

    /// <summary>Yields everything after the cursor, then each message as it arrives, until cancelled.</summary>
    IAsyncEnumerable<InboxMessage> FollowAsync(long after, CancellationToken cancellationToken);

    /// <summary>The newest cursor assigned; 0 if nothing has arrived yet.</summary>
    long LastCursor { get; }
}
