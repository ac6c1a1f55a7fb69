using System.Diagnostics;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>An accepted private message as the store keeps it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Recipient">The recipient.</param>
/// <param name="Sealed">The sealed envelope, signed before it is sent; null while the recipient's encryption key is
/// unknown.</param>
/// <param name="Content">The content to be sealed; empty once it is sealed.</param>
/// <param name="ContentLength">Size of the content in bytes, which counts against the queue's limit.</param>
/// <param name="AcceptedAt">When the node accepted it.</param>
/// <param name="Expires">End of its time to live by the clock that accepted it, for display; <see cref="Ends"/> decides.</param>
/// <param name="Trace">The span it belongs to; <c>default</c> if it is not traced.</param>
internal sealed record OutgoingRecord(
    MessageId Id, NodeAddress Recipient, Envelope? Sealed, ReadOnlyMemory<byte> Content, int ContentLength,
    DateTimeOffset AcceptedAt, DateTimeOffset Expires, ActivityContext Trace)
{
    private readonly long _ends = Expires.UtcTicks;

    /// <summary>End of its time to live in the node's steady time.</summary>
    public DateTimeOffset Ends
    {
        get => new(_ends, TimeSpan.Zero);
        init => _ends = value.UtcTicks;
    }

    public TimeSpan TimeToLive => Expires - AcceptedAt;
}
