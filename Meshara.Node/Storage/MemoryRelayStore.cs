using System.Runtime.InteropServices;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>The messages a relay keeps in memory. Safe for concurrent use.</summary>
internal sealed class MemoryRelayStore(StorageOptions options, NodeClock clock) : IRelayStore
{
    private readonly Lock _gate = new();
    private readonly LinkedList<HeldMessage> _held = [];
    private readonly Dictionary<(NodeAddress, MessageId), LinkedListNode<HeldMessage>> _byKey = [];
    private readonly Dictionary<NodeAddress, Usage> _senders = [];
    private Usage _total;

    public ValueTask<HoldResult> HoldAsync(HeldMessage message, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_byKey.ContainsKey((message.Sender, message.Id)))
                return ValueTask.FromResult(HoldResult.Duplicate);
            if (IsOver(message))
            {
                ForgetExpired();
                if (IsOver(message))
                    return ValueTask.FromResult(HoldResult.OverQuota);
            }
            _byKey[(message.Sender, message.Id)] = _held.AddLast(message);
            Count(message, 1);
            return ValueTask.FromResult(HoldResult.Held);
        }
    }

    public ValueTask<IReadOnlyList<HeldMessage>> TakeHeldAsync(NodeAddress recipient, int limit, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ForgetExpired();
            return ValueTask.FromResult<IReadOnlyList<HeldMessage>>([.. _held.Where(message => message.Recipient == recipient).Take(limit)]);
        }
    }

    public ValueTask ReleaseAsync(IReadOnlyCollection<(NodeAddress Sender, MessageId Id)> messages, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var key in messages)
            {
                if (_byKey.TryGetValue(key, out var node))
                    Remove(node);
            }
        }
        return ValueTask.CompletedTask;
    }

    private bool IsOver(HeldMessage message)
    {
        var mine = _senders.GetValueOrDefault(message.Sender);
        return _total.Messages + 1 > options.MaxHeldMessages || _total.Bytes + message.Envelope.Length > options.MaxHeldBytes
            || mine.Messages + 1 > options.MaxHeldMessagesPerSender || mine.Bytes + message.Envelope.Length > options.MaxHeldBytesPerSender;
    }

    private void ForgetExpired()
    {
        var now = clock.Steady;
        for (var node = _held.First; node is not null;)
        {
            var next = node.Next;
            if (node.Value.Expires <= now)
                Remove(node);
            node = next;
        }
    }

    private void Remove(LinkedListNode<HeldMessage> node)
    {
        _held.Remove(node);
        _byKey.Remove((node.Value.Sender, node.Value.Id));
        Count(node.Value, -1);
    }

    private void Count(HeldMessage message, int sign)
    {
        var bytes = sign * (long)message.Envelope.Length;
        _total = new Usage(_total.Messages + sign, _total.Bytes + bytes);
        ref var mine = ref CollectionsMarshal.GetValueRefOrAddDefault(_senders, message.Sender, out _);
        mine = new Usage(mine.Messages + sign, mine.Bytes + bytes);
        if (mine.Messages == 0)
            _senders.Remove(message.Sender);
    }

    private readonly record struct Usage(int Messages, long Bytes);
}
