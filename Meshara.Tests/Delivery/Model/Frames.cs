using Meshara.Node.Protocol;
using Meshara.Node.Protocol.Wire;

namespace Meshara.Tests.Delivery.Model;

/// <summary>The frames between the model's nodes that delivery consists of.</summary>
internal enum FrameKind
{
    /// <summary>Sender or relay to recipient.</summary>
    Message,

    /// <summary>Sender to relay, to be passed on at once.</summary>
    Relayed,

    /// <summary>Relay to sender: it could not be passed on.</summary>
    Undeliverable,

    /// <summary>Recipient to sender.</summary>
    Acknowledgment,

    /// <summary>Sender to relay, to be kept.</summary>
    Deposit,

    /// <summary>Relay to sender: it is kept.</summary>
    Deposited,

    /// <summary>Relay to recipient: it was kept.</summary>
    Handover,

    /// <summary>Recipient to relay: it is stored, or refused.</summary>
    HandedOver,
}

/// <summary>A frame in flight; it may arrive whenever the explorer chooses, before or after any other, or never.</summary>
/// <param name="Sender">Index of the sender whose message it is about.</param>
/// <param name="Id">The message's id.</param>
/// <param name="Wire">The message itself; null in answers.</param>
/// <param name="Answer">Of an acknowledgment: what became of the message; of a hand-over: <c>Delivered</c> if it was taken.</param>
internal sealed record FrameInFlight(
    FrameKind Kind, int Sender, MessageId Id, Node.Protocol.Wire.Envelope? Wire = null, AckStatus Answer = AckStatus.Delivered);
