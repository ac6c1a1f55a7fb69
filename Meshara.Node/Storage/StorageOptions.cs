using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;

namespace Meshara.Node.Storage;

/// <summary>Section <c>Storage</c>: how safely messages are kept, and how many.</summary>
[UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Ranges of TimeSpan are read by its type converter, which is part of the framework and kept.")]
public sealed class StorageOptions
{
    /// <summary>
    /// The failures that an accepted message survives: <c>normal</c> (a crash of the node), <c>full</c> (also a power loss)
    /// or <c>memory</c> (none).
    /// </summary>
    [EnumDataType(typeof(StorageDurability))]
    public StorageDurability Durability { get; set; } = StorageDurability.Normal;

    /// <summary>
    /// Maximum number of private messages in the inbox. Beyond that the oldest read ones are removed; if all are unread, no more
    /// are accepted until some are read or removed.
    /// </summary>
    [Range(100, 100_000_000)]
    public int MaxInboxMessages { get; set; } = 100_000;

    /// <summary>Maximum bytes of private content in the inbox; enforced like <see cref="MaxInboxMessages"/>.</summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxInboxBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>Limit of one sender's unread messages, within <see cref="MaxInboxMessages"/>.</summary>
    [Range(1, 100_000_000)]
    public int MaxInboxMessagesPerSender { get; set; } = 25_000;

    /// <summary>
    /// Limit of one sender's unread content in bytes, within <see cref="MaxInboxBytes"/>; at least room for a message of any
    /// size.
    /// </summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxInboxBytesPerSender { get; set; } = 16L * 1024 * 1024;

    /// <summary>Maximum number of broadcasts in the inbox; beyond that the oldest are removed.</summary>
    [Range(1, 100_000_000)]
    public int MaxInboxBroadcasts { get; set; } = 10_000;

    /// <summary>Maximum bytes of broadcasts in the inbox; beyond that the oldest are removed.</summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxInboxBroadcastBytes { get; set; } = 16L * 1024 * 1024;

    /// <summary>
    /// Limit of one sender's broadcasts, within <see cref="MaxInboxBroadcasts"/>; beyond that its own oldest are removed.
    /// </summary>
    [Range(1, 100_000_000)]
    public int MaxInboxBroadcastsPerSender { get; set; } = 2_500;

    /// <summary>
    /// Limit of one sender's broadcasts in bytes, within <see cref="MaxInboxBroadcastBytes"/>; beyond that its own oldest
    /// are removed.
    /// </summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxInboxBroadcastBytesPerSender { get; set; } = 4L * 1024 * 1024;

    /// <summary>How long the inbox keeps a message, read or not; one second to ten years.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00")]
    public TimeSpan MaxInboxAge { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Maximum number of finished outgoing messages whose state can still be queried.</summary>
    [Range(100, 10_000_000)]
    public int MaxCompleted { get; set; } = 20_000;

    /// <summary>How long the state of a finished outgoing message can be queried; one second to ten years.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00")]
    public TimeSpan MaxCompletedAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Maximum number of other nodes' messages held for offline recipients; 0 holds none.</summary>
    [Range(0, 10_000_000)]
    public int MaxHeldMessages { get; set; } = 20_000;

    /// <summary>Maximum bytes of other nodes' sealed envelopes held for offline recipients.</summary>
    [Range(0, long.MaxValue)]
    public long MaxHeldBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>Limit of one sender's held messages, within <see cref="MaxHeldMessages"/>.</summary>
    [Range(0, 10_000_000)]
    public int MaxHeldMessagesPerSender { get; set; } = 2_000;

    /// <summary>Limit of one sender's held messages in bytes, within <see cref="MaxHeldBytes"/>.</summary>
    [Range(0, long.MaxValue)]
    public long MaxHeldBytesPerSender { get; set; } = 8L * 1024 * 1024;

    internal long MaxHeldMessagesPerNetwork => Source.ShareOfNetwork(MaxHeldMessages, MaxHeldMessagesPerSender);

    internal long MaxHeldBytesPerNetwork => Source.ShareOfNetwork(MaxHeldBytes, MaxHeldBytesPerSender);

    internal long MaxInboxMessagesPerNetwork => Source.ShareOfNetwork(MaxInboxMessages, MaxInboxMessagesPerSender);

    internal long MaxInboxBytesPerNetwork => Source.ShareOfNetwork(MaxInboxBytes, MaxInboxBytesPerSender);

    /// <summary>A commit that takes longer makes the node report its storage as degraded; the node keeps working.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan SlowCommit { get; set; } = TimeSpan.FromSeconds(1);
}
