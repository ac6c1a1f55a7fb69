using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Delivery;

/// <summary>What a user of the node can do: send, broadcast, and ask how a message fares.</summary>
public interface IMessenger
{
    /// <summary>
    /// Accepts a private message: when this completes the node owns it and retries until the recipient's signed
    /// acknowledgment or the end of its time to live.
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
    /// The same for a client that names its request: repeated, even after a restart, it is the same message. The name is kept as long
    /// as the message's state can be asked for.
    /// </summary>
    /// <exception cref="MesharaException">Also <see cref="ErrorCodes.KeyReused"/>: the name stands for another request.</exception>
    ValueTask<MessageId> SendOnceAsync(string key, NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan? timeToLive, CancellationToken cancellationToken);

    /// <summary>Sends a signed, unencrypted message to every node of the mesh. Not acknowledged.</summary>
    /// <exception cref="MesharaException">As <see cref="SendAsync"/>.</exception>
    ValueTask<MessageId> BroadcastAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>The same for a client that names its request, as <see cref="SendOnceAsync"/>.</summary>
    ValueTask<MessageId> BroadcastOnceAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>The state of a message this node accepted, or null when it knows none by that id (or has forgotten it).</summary>
    ValueTask<MessageStatus?> GetStatusAsync(MessageId id, CancellationToken cancellationToken);
}
