using System.Net;
using System.Runtime.InteropServices;
using Meshara.Node.Clocks;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;

namespace Meshara.Node.Storage;

/// <summary>The messages that a relay holds, in memory. Safe for concurrent use.</summary>
internal sealed class MemoryRelayStore(StorageOptions options, NodeClock clock) : IRelayStore
{
    private readonly Lock _gate = new();
    private readonly LinkedList<HeldMessage> _held = [];
    private readonly Dictionary<(NodeAddress, MessageId), LinkedListNode<HeldMessage>> _byKey = [];
    private readonly Dictionary<NodeAddress, Usage> _senders = [];
    private readonly Dictionary<IPAddress, Usage> _networks = [];
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
        var size = message.Envelope.Length;
        return _total.IsOver(size, options.MaxHeldMessages, options.MaxHeldBytes)
            || _senders.GetValueOrDefault(message.Sender).IsOver(size, options.MaxHeldMessagesPerSender, options.MaxHeldBytesPerSender)
            || message.Network is { } network
            && _networks.GetValueOrDefault(network).IsOver(size, options.MaxHeldMessagesPerNetwork, options.MaxHeldBytesPerNetwork);
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
        Count(_senders, message.Sender, sign, bytes);
        if (message.Network is { } network)
            Count(_networks, network, sign, bytes);
    }

    private static void Count<TKey>(Dictionary<TKey, Usage> usages, TKey key, int messages, long bytes) where TKey : notnull
    {
        ref var usage = ref CollectionsMarshal.GetValueRefOrAddDefault(usages, key, out _);
        usage = new Usage(usage.Messages + messages, usage.Bytes + bytes);
        if (usage.Messages == 0)
            usages.Remove(key);
    }

    private readonly record struct Usage(int Messages, long Bytes)
    {
        public bool IsOver(int size, long messages, long bytes) => Messages + 1 > messages || Bytes + size > bytes;
    }
}
