using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>Sealed messages that a relay holds for offline recipients. Safe for concurrent use.</summary>
internal interface IRelayStore
{
    /// <summary>Holds a message until it is released or expires.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    ValueTask<HoldResult> HoldAsync(HeldMessage message, CancellationToken cancellationToken);

    /// <summary>The oldest unexpired messages held for a recipient. They stay until they are released.</summary>
    /// <param name="recipient">The recipient.</param>
    /// <param name="limit">1 to 1000.</param>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    ValueTask<IReadOnlyList<HeldMessage>> TakeHeldAsync(NodeAddress recipient, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Removes messages that were handed over. Each is named with its sender, who alone chooses its id, so that no sender's
    /// ids can release another's messages.
    /// </summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    ValueTask ReleaseAsync(IReadOnlyCollection<(NodeAddress Sender, MessageId Id)> messages, CancellationToken cancellationToken);
}
