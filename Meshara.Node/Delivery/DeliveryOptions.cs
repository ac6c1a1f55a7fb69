using System.ComponentModel.DataAnnotations;

namespace Meshara.Node.Delivery;

/// <summary>Section <c>Delivery</c>: limits and timing of private messages.</summary>
public sealed class DeliveryOptions
{
    /// <summary>Largest content of one message in bytes; 1 to 1 MiB.</summary>
    [Range(1, 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = 256 * 1024;

    /// <summary>Time to live of a message that names none.</summary>
    public TimeSpan TimeToLive { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Longest time to live a sender may ask for; duplicates are remembered for at least this long.</summary>
    public TimeSpan MaxTimeToLive { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Accepted but unacknowledged messages the node holds at the most.</summary>
    [Range(1, 10_000_000)]
    public int MaxPendingMessages { get; set; } = 100_000;

    /// <summary>Bytes of accepted but unacknowledged content the node holds at the most.</summary>
    [Range(1, long.MaxValue)]
    public long MaxPendingBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>First wait for an acknowledgment; later waits grow exponentially with full jitter.</summary>
    public TimeSpan RetryBase { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between two attempts.</summary>
    public TimeSpan RetryCap { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a draining node waits for acknowledgments of messages already handed to a peer.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Nodes near an unreachable recipient that are asked to keep a message for it; 0 asks nobody.</summary>
    [Range(0, 20)]
    public int DepositCopies { get; set; } = 3;
}
