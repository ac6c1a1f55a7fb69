using System.ComponentModel.DataAnnotations;

namespace Meshara.Node.Delivery;

/// <summary>Section <c>Delivery</c>: limits and timing of private messages.</summary>
public sealed class DeliveryOptions
{
    /// <summary>Largest content of one message in bytes; 1 to 1 MiB.</summary>
    [Range(1, 1024 * 1024)]
    public int MaxMessageBytes { get; set; } = 256 * 1024;

    /// <summary>Time to live of a message sent without one.</summary>
    public TimeSpan TimeToLive { get; set; } = TimeSpan.FromHours(24);

    /// <summary>
    /// Longest time to live that a sender may ask for. Ids are remembered for twice the life of their message, plus a day.
    /// </summary>
    public TimeSpan MaxTimeToLive { get; set; } = TimeSpan.FromDays(7);

    /// <summary>The most accepted, unacknowledged messages the node holds.</summary>
    [Range(1, 10_000_000)]
    public int MaxPendingMessages { get; set; } = 100_000;

    /// <summary>The most bytes of accepted, unacknowledged content the node holds.</summary>
    [Range(1, long.MaxValue)]
    public long MaxPendingBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>First wait for an acknowledgment; later waits grow exponentially with full jitter.</summary>
    public TimeSpan RetryBase { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between two attempts.</summary>
    public TimeSpan RetryCap { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Longest wait between two attempts while the recipient is connected but does not answer, for example because its disk is
    /// full. It will not announce when it can answer again.
    /// </summary>
    public TimeSpan ConnectedRetryCap { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>How long a draining node waits for acknowledgments of messages already handed to a peer.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The number of nodes near an unreachable recipient that are asked to keep a message for it; 0 asks none.</summary>
    [Range(0, 20)]
    public int DepositCopies { get; set; } = 3;
}
