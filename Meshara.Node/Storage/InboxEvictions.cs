namespace Meshara.Node.Storage;

/// <summary>Numbers of messages evicted from the inbox since the start.</summary>
/// <param name="Read">Read private messages, evicted to make room or at the end of their age.</param>
/// <param name="Unread">Private messages that were still unread at the end of <see cref="StorageOptions.MaxInboxAge"/>.</param>
/// <param name="Broadcasts">Broadcasts, evicted to make room or at the end of their age.</param>
internal readonly record struct InboxEvictions(long Read, long Unread, long Broadcasts)
{
    public InboxEvictions Plus(InboxEvictions other) => new(Read + other.Read, Unread + other.Unread, Broadcasts + other.Broadcasts);

    public InboxEvictions Plus(bool isBroadcast, bool isUnread) => isBroadcast ? this with { Broadcasts = Broadcasts + 1 }
        : isUnread ? this with { Unread = Unread + 1 }
        : this with { Read = Read + 1 };
}
