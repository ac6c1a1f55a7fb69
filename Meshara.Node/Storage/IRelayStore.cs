using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>Sealed messages a relay keeps for recipients that are offline. Safe for concurrent use.</summary>
internal interface IRelayStore
{
    /// <summary>Keeps a message until it is released or expires.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    ValueTask<HoldResult> HoldAsync(HeldMessage message, CancellationToken cancellationToken);

    /// <summary>The oldest messages kept for a recipient that have not expired. They stay until they are released.</summary>
    /// <param name="recipient">Whose messages.</param>
    /// <param name="limit">1 to 1000.</param>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    ValueTask<IReadOnlyList<HeldMessage>> TakeHeldAsync(NodeAddress recipient, int limit, CancellationToken cancellationToken);

    /// <summary>Removes messages that were handed over. Named with their sender, who alone chooses an id: nobody's choice can release another's message.</summary>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    ValueTask ReleaseAsync(IReadOnlyCollection<(NodeAddress Sender, MessageId Id)> messages, CancellationToken cancellationToken);
}
