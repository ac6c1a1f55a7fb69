using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>What this node received, in order of arrival. Read with a cursor, so that a reader can resume.</summary>
public interface IInbox
{
    /// <summary>Messages with a cursor greater than <paramref name="after"/>, oldest first, at most <paramref name="limit"/>.</summary>
    /// <param name="after">A cursor from an earlier message, or 0 for the beginning.</param>
    /// <param name="limit">1 to 1000.</param>
    ValueTask<IReadOnlyList<InboxMessage>> ReadAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>Removes a message. A removed message is still known as a duplicate.</summary>
    /// <param name="id">Its sender's id for it.</param>
    /// <param name="sender">Who signed it; null for the only one that has used the id; when there are more, nothing is removed.</param>
    ValueTask<DeleteResult> DeleteAsync(MessageId id, NodeAddress? sender, CancellationToken cancellationToken);

    /// <summary>Everything after the cursor, then each message as it arrives, until cancelled.</summary>
    IAsyncEnumerable<InboxMessage> FollowAsync(long after, CancellationToken cancellationToken);

    /// <summary>The newest cursor given out, 0 when nothing has arrived yet.</summary>
    long LastCursor { get; }
}
