using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Lab.Fuzz.Targets;

/// <summary>Takes every message and forgets it, so that the API's answers to accepted ones are reached.</summary>
internal sealed class AcceptingMessenger : IMessenger
{
    public ValueTask<MessageId> SendAsync(
        NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan? timeToLive, CancellationToken cancellationToken) => new(FuzzKeys.Id(1));

    public ValueTask<MessageId> SendOnceAsync(
        string key, NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        new(FuzzKeys.Id(1));

    public ValueTask<MessageId> BroadcastAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => new(FuzzKeys.Id(1));

    public ValueTask<MessageId> BroadcastOnceAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        new(FuzzKeys.Id(1));

    public ValueTask<MessageStatus?> GetStatusAsync(MessageId id, CancellationToken cancellationToken) => new(id == FuzzKeys.Id(1)
        ? new MessageStatus(id, FuzzKeys.Peer.Address, MessageState.Acknowledged, 1, FuzzKeys.Now, FuzzKeys.Now.AddHours(1), FuzzKeys.Now, null)
        : null);
}
