using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Delivery;

/// <summary>What a client of the node can do: send, broadcast, and query the state of a message.</summary>
public interface IMessenger
{
    /// <summary>
    /// Accepts a private message. Once this completes, the node owns the message and retries until the recipient's signed
    /// acknowledgment arrives or its time to live ends.
    /// </summary>
    /// <param name="recipient">The recipient's address; it need not be reachable now.</param>
    /// <param name="content">1 byte to <see cref="DeliveryOptions.MaxMessageBytes"/>.</param>
    /// <param name="timeToLive">1 second to <see cref="DeliveryOptions.MaxTimeToLive"/>; the default is <see cref="DeliveryOptions.TimeToLive"/>.</param>
    /// <exception cref="MesharaException">
    /// <see cref="ErrorCodes.EmptyMessage"/>, <see cref="ErrorCodes.Oversize"/>, <see cref="ErrorCodes.InvalidArgument"/>,
    /// <see cref="ErrorCodes.QueueFull"/>, <see cref="ErrorCodes.NotReady"/> or <see cref="ErrorCodes.Storage"/>.
    /// </exception>
    ValueTask<MessageId> SendAsync(NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan? timeToLive, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="SendAsync"/>, for a client that supplies an idempotency key: repeating the request, even after a restart,
    /// yields the same message. The key is remembered for as long as the message's state can be queried.
    /// </summary>
    /// <exception cref="MesharaException">
    /// Also <see cref="ErrorCodes.KeyReused"/>: the key was used for a different request.
    /// </exception>
    ValueTask<MessageId> SendOnceAsync(string key, NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan? timeToLive, CancellationToken cancellationToken);

    /// <summary>Sends a signed, unencrypted message to every node of the mesh. It is not acknowledged.</summary>
    /// <exception cref="MesharaException">As <see cref="SendAsync"/>.</exception>
    ValueTask<MessageId> BroadcastAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Broadcasts for a client that supplies an idempotency key, as in <see cref="SendOnceAsync"/>.</summary>
    ValueTask<MessageId> BroadcastOnceAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>The state of a message this node accepted; null if the id is unknown or has been forgotten.</summary>
    ValueTask<MessageStatus?> GetStatusAsync(MessageId id, CancellationToken cancellationToken);
}
