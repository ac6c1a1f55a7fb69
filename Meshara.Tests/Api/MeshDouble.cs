using System.Runtime.CompilerServices;
using Meshara.Node;
using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;

namespace Meshara.Tests.Api;

/// <summary>A minimal implementation of the three interfaces below the API, so that tests cover only the layer above.</summary>
internal sealed class MeshDouble : INodeView, IMessenger, IInbox
{
    public const int MaxMessageBytes = 1000;

    public static readonly NodeAddress Self = Address(1), Friend = Address(2);
    public static readonly DateTimeOffset Start = new(2025, 12, 23, 10, 34, 12, 456, TimeSpan.Zero);

    private readonly Lock _gate = new();
    private readonly List<InboxMessage> _inbox = [];
    private readonly Dictionary<MessageId, MessageStatus> _outbox = [];
    private TaskCompletionSource _arrival = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastCursor;

    /// <summary>Thrown by the next call and all later ones.</summary>
    public Exception? Failure { get; set; }

    /// <summary>The immediate outcome of private messages.</summary>
    public MessageState Outcome { get; set; } = MessageState.Acknowledged;

    public List<(NodeAddress? To, byte[] Content, TimeSpan? TimeToLive)> Sent { get; } = [];

    public NodeInfo Info { get; } = new(Self, new string('a', 64), "node-1", "0.1.0", ["tcp://127.0.0.1:8443"], Start);

    public NodeState State { get; set; } = NodeState.Ready;

    public IReadOnlyList<PeerInfo> Peers { get; set; } = [];

    public IReadOnlyList<RouteInfo> Routes { get; set; } = [];

    public int ConnectedPeers => Peers.Count;

    public int RoutingTableSize => Routes.Count;

    public int PendingMessages => 0;

    public TimeSpan OldestPendingMessage => TimeSpan.Zero;

    public int MembershipSize => Peers.Count + 1;

    public uint MembershipView => 0;

    public long LastCursor => Interlocked.Read(ref _lastCursor);

    public static NodeAddress Address(byte value) => new(Enumerable.Repeat(value, NodeAddress.Size).ToArray());

    public IReadOnlyList<PeerInfo> GetPeers() => Failure is null ? Peers : throw Failure;

    public IReadOnlyList<RouteInfo> GetRoutes() => Routes;

    public ValueTask<MessageId> SendAsync(NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        var id = Accept(recipient, content, timeToLive);
        lock (_gate)
            _outbox[id] = new MessageStatus(id, recipient, Outcome, 1, Start, Start.AddHours(24),
                Outcome == MessageState.Pending ? null : Start.AddSeconds(1), Outcome == MessageState.Rejected ? "[red]full[/]\u001b[31m" : null);
        return ValueTask.FromResult(id);
    }

    public ValueTask<MessageId> SendOnceAsync(string key, NodeAddress recipient, ReadOnlyMemory<byte> content, TimeSpan? timeToLive, CancellationToken cancellationToken) =>
        SendAsync(recipient, content, timeToLive, cancellationToken);

    public ValueTask<MessageId> BroadcastOnceAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        BroadcastAsync(content, cancellationToken);

    public ValueTask<MessageId> BroadcastAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Accept(null, content, null));

    public ValueTask<MessageStatus?> GetStatusAsync(MessageId id, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Failure is null ? ValueTask.FromResult(_outbox.GetValueOrDefault(id)) : throw Failure;
    }

    public InboxMessage Receive(ReadOnlySpan<byte> content, bool broadcast = false)
    {
        lock (_gate)
        {
            var message = new InboxMessage(++_lastCursor, MessageId.Create(Start), Friend, broadcast, Start, Start.AddSeconds(1), content.ToArray());
            _inbox.Add(message);
            Signal();
            return message;
        }
    }

    /// <summary>Makes readers of the inbox fail with <see cref="Failure"/>.</summary>
    public void FailNow(Exception failure)
    {
        lock (_gate)
        {
            Failure = failure;
            Signal();
        }
    }

    public ValueTask<IReadOnlyList<InboxMessage>> ReadAsync(long after, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Failure is null
                ? ValueTask.FromResult<IReadOnlyList<InboxMessage>>([.. _inbox.Where(message => message.Cursor > after).Take(limit)])
                : throw Failure;
    }

    public ValueTask<DeleteResult> DeleteAsync(MessageId id, NodeAddress? sender, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (sender is null && _inbox.Where(message => message.Id == id).DistinctBy(message => message.Sender).Count() > 1)
                return ValueTask.FromResult(DeleteResult.Ambiguous);
            var removed = _inbox.RemoveAll(message => message.Id == id && (sender is null || message.Sender == sender));
            return ValueTask.FromResult(removed > 0 ? DeleteResult.Deleted : DeleteResult.NotFound);
        }
    }

    public async IAsyncEnumerable<InboxMessage> FollowAsync(long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var arrival = Volatile.Read(ref _arrival).Task;
            foreach (var message in await ReadAsync(after, 1000, cancellationToken))
            {
                yield return message;
                after = message.Cursor;
            }
            await arrival.WaitAsync(cancellationToken);
        }
    }

    private MessageId Accept(NodeAddress? to, ReadOnlyMemory<byte> content, TimeSpan? timeToLive)
    {
        if (Failure is not null)
            throw Failure;
        if (content.IsEmpty)
            throw new MesharaException(ErrorCodes.EmptyMessage, "The message is empty.");
        if (content.Length > MaxMessageBytes)
            throw new MesharaException(ErrorCodes.Oversize, $"The message is {content.Length} bytes, at most {MaxMessageBytes} are allowed.");
        lock (_gate)
            Sent.Add((to, content.ToArray(), timeToLive));
        return MessageId.Create(Start);
    }

    private void Signal() => Interlocked.Exchange(ref _arrival, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
}
