using System.Diagnostics;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>An accepted private message as the store keeps it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Recipient">To whom.</param>
/// <param name="Sealed">The sealed envelope, which is signed before it leaves; null while the recipient's encryption key is not known.</param>
/// <param name="Content">What is to be sealed; empty once it is.</param>
/// <param name="ContentLength">Bytes of the content: what the queue's limit counts.</param>
/// <param name="AcceptedAt">When the node took it over.</param>
/// <param name="Expires">End of its time to live by the clock that accepted it, for people; <see cref="Ends"/> decides.</param>
/// <param name="Trace">The span it belongs to; <c>default</c> when it is not traced.</param>
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
