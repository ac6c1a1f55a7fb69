using System.ComponentModel.DataAnnotations;

namespace Meshara.Node.Storage;

/// <summary>Section <c>Storage</c>: how much is kept.</summary>
public sealed class StorageOptions
{
    /// <summary>Messages the inbox keeps at the most; beyond that the oldest go.</summary>
    [Range(100, 100_000_000)]
    public int MaxInboxMessages { get; set; } = 100_000;

    /// <summary>Bytes of content the inbox keeps at the most; beyond that the oldest messages go.</summary>
    [Range(1024 * 1024, long.MaxValue)]
    public long MaxInboxBytes { get; set; } = 64L * 1024 * 1024;

    /// <summary>Finished outgoing messages whose state can still be asked for.</summary>
    [Range(100, 10_000_000)]
    public int MaxCompleted { get; set; } = 20_000;
}
