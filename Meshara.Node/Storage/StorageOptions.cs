using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;

namespace Meshara.Node.Storage;

/// <summary>Section <c>Storage</c>: how safely messages are kept, and how many.</summary>
[UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Ranges of TimeSpan are read by its type converter, which is part of the framework and kept.")]
public sealed class StorageOptions
{
    /// <summary>What an accepted message survives: <c>normal</c> (a crash of the node), <c>full</c> (also a power loss) or <c>memory</c> (nothing).</summary>
    [EnumDataType(typeof(StorageDurability))]
    public StorageDurability Durability { get; set; } = StorageDurability.Normal;

    /// <summary>
    /// Private messages the inbox keeps at the most. Beyond that the oldest that were read go; when all are unread, no other is taken
    /// until some are read or removed.
    /// </summary>
    [Range(100, 100_000_000)]
    public int MaxInboxMessages { get; set; } = 100_000;

    /// <summary>Bytes of private content the inbox keeps at the most, as <see cref="MaxInboxMessages"/>.</summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxInboxBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>Of <see cref="MaxInboxMessages"/>, unread ones of one sender.</summary>
    [Range(1, 100_000_000)]
    public int MaxInboxMessagesPerSender { get; set; } = 25_000;

    /// <summary>Of <see cref="MaxInboxBytes"/>, unread ones of one sender; room for a message of any size at the least.</summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxInboxBytesPerSender { get; set; } = 16L * 1024 * 1024;

    /// <summary>Broadcasts the inbox keeps at the most; beyond that the oldest go.</summary>
    [Range(1, 100_000_000)]
    public int MaxInboxBroadcasts { get; set; } = 10_000;

    /// <summary>Bytes of broadcasts the inbox keeps at the most; beyond that the oldest go.</summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxInboxBroadcastBytes { get; set; } = 16L * 1024 * 1024;

    /// <summary>Of <see cref="MaxInboxBroadcasts"/>, those of one sender; beyond that its own oldest go.</summary>
    [Range(1, 100_000_000)]
    public int MaxInboxBroadcastsPerSender { get; set; } = 2_500;

    /// <summary>Of <see cref="MaxInboxBroadcastBytes"/>, those of one sender; beyond that its own oldest go.</summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxInboxBroadcastBytesPerSender { get; set; } = 4L * 1024 * 1024;

    /// <summary>How long the inbox keeps a message, read or not; a second to ten years.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00")]
    public TimeSpan MaxInboxAge { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Finished outgoing messages whose state can still be asked for.</summary>
    [Range(100, 10_000_000)]
    public int MaxCompleted { get; set; } = 20_000;

    /// <summary>How long the state of a finished outgoing message can be asked for; a second to ten years.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00")]
    public TimeSpan MaxCompletedAge { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Messages kept for recipients of others that are offline; 0 keeps none.</summary>
    [Range(0, 10_000_000)]
    public int MaxHeldMessages { get; set; } = 20_000;

    /// <summary>Bytes of sealed envelopes kept for recipients of others that are offline.</summary>
    [Range(0, long.MaxValue)]
    public long MaxHeldBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>Of <see cref="MaxHeldMessages"/>, those of one sender.</summary>
    [Range(0, 10_000_000)]
    public int MaxHeldMessagesPerSender { get; set; } = 2_000;

    /// <summary>Of <see cref="MaxHeldBytes"/>, those of one sender.</summary>
    [Range(0, long.MaxValue)]
    public long MaxHeldBytesPerSender { get; set; } = 8L * 1024 * 1024;

    internal long MaxHeldMessagesPerNetwork => Source.ShareOfNetwork(MaxHeldMessages, MaxHeldMessagesPerSender);

    internal long MaxHeldBytesPerNetwork => Source.ShareOfNetwork(MaxHeldBytes, MaxHeldBytesPerSender);

    internal long MaxInboxMessagesPerNetwork => Source.ShareOfNetwork(MaxInboxMessages, MaxInboxMessagesPerSender);

    internal long MaxInboxBytesPerNetwork => Source.ShareOfNetwork(MaxInboxBytes, MaxInboxBytesPerSender);

    /// <summary>A commit that takes longer than this makes the node report its storage as degraded; it works on.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "01:00:00")]
    public TimeSpan SlowCommit { get; set; } = TimeSpan.FromSeconds(1);
}
