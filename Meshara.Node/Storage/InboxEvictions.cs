namespace Meshara.Node.Storage;

/// <summary>Messages that left the inbox since the start without being asked to.</summary>
/// <param name="Read">Private messages that were read, for new ones.</param>
/// <param name="Unread">Private messages that nobody had read at the end of <see cref="StorageOptions.MaxInboxAge"/>.</param>
/// <param name="Broadcasts">Broadcasts, for new ones or at the end of their age.</param>
internal readonly record struct InboxEvictions(long Read, long Unread, long Broadcasts)
{
    public InboxEvictions Plus(InboxEvictions other) => new(Read + other.Read, Unread + other.Unread, Broadcasts + other.Broadcasts);

    public InboxEvictions Plus(bool isBroadcast, bool isUnread) => isBroadcast ? this with { Broadcasts = Broadcasts + 1 }
        : isUnread ? this with { Unread = Unread + 1 }
        : this with { Read = Read + 1 };
}
