using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;

namespace Meshara.Tests.Delivery.Model;

/// <summary>A planted defect: a store that takes a copy of a message it has seen for a new one.</summary>
internal sealed class ForgetfulStore(IMessageStore store) : IMessageStore
{
    public string? Problem => store.Problem;

    public StorageState State => store.State;

    public InboxEvictions Evictions => store.Evictions;

    public long LastCursor => store.LastCursor;

    public async ValueTask<DeliveryResult> DeliverAsync(IncomingMessage message, CancellationToken cancellationToken) =>
        await store.DeliverAsync(message, cancellationToken) == DeliveryResult.Duplicate
            ? await store.DeliverAsync(message with { Id = MessageId.Create(message.ReceivedAt) }, cancellationToken)
            : DeliveryResult.Delivered;

    public ValueTask<IReadOnlyList<OutgoingRecord>> LoadPendingAsync(CancellationToken cancellationToken) =>
        store.LoadPendingAsync(cancellationToken);

    public ValueTask AppendAsync(OutgoingRecord message, CancellationToken cancellationToken) =>
        store.AppendAsync(message, cancellationToken);

    public ValueTask<RequestRecord?> AppendOnceAsync(RequestRecord request, OutgoingRecord? message, CancellationToken cancellationToken) =>
        store.AppendOnceAsync(request, message, cancellationToken);

    public ValueTask SealAsync(OutgoingRecord message, CancellationToken cancellationToken) => store.SealAsync(message, cancellationToken);

    public ValueTask CompleteAsync(MessageStatus final, CancellationToken cancellationToken) =>
        store.CompleteAsync(final, cancellationToken);

    public ValueTask<MessageStatus?> FindCompletedAsync(MessageId id, CancellationToken cancellationToken) =>
        store.FindCompletedAsync(id, cancellationToken);

    public ValueTask<IReadOnlyList<InboxMessage>> ReadAsync(long after, int limit, CancellationToken cancellationToken) =>
        store.ReadAsync(after, limit, cancellationToken);

    public IAsyncEnumerable<InboxMessage> FollowAsync(long after, CancellationToken cancellationToken) =>
        store.FollowAsync(after, cancellationToken);

    public ValueTask<DeleteResult> DeleteAsync(MessageId id, NodeAddress? sender, CancellationToken cancellationToken) =>
        store.DeleteAsync(id, sender, cancellationToken);
}
