using System.Collections.Concurrent;
using System.Net;
using Meshara.Node;
using Meshara.Node.Identity;
using Meshara.Tests.Mesh;

namespace Meshara.Tests.Delivery;

public sealed class PeerQueuesTests : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(NodeAddress Peer, string Item)> _done = new();
    private readonly ConcurrentQueue<Exception> _failures = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _held = new();
    private readonly PeerQueues<string> _queues;
    private readonly Task _running;

    public PeerQueuesTests()
    {
        _queues = new PeerQueues<string>(perPeer: 10, inAll: 15, WorkAsync, (_, e) => _failures.Enqueue(e), perSource: 8, perNetwork: 12);
        _running = _queues.RunAsync(_stop.Token);
    }

    [Fact]
    public async Task Items_of_a_peer_are_worked_on_in_order_and_wait_for_no_other_peer()
    {
        var held = Hold("a1");
        Assert.True(_queues.TryAdd(Peer(1), "a1", 1));
        Assert.True(_queues.TryAdd(Peer(1), "a2", 1));
        Assert.True(_queues.TryAdd(Peer(2), "b1", 1));
        await Eventually.TrueAsync(() => _done.Contains((Peer(2), "b1")), "the other peer's item is done");
        Assert.True(_queues.Contains(Peer(1)));
        Assert.DoesNotContain((Peer(1), "a2"), _done);
        held.SetResult();
        await Eventually.TrueAsync(() => !_queues.Contains(Peer(1)), "everything is done");
        Assert.Equal(["a1", "a2"], _done.Where(done => done.Peer == Peer(1)).Select(done => done.Item));
    }

    [Fact]
    public async Task What_waits_is_bounded_for_each_peer_and_in_all()
    {
        var held = Hold("hold");
        Assert.True(_queues.TryAdd(Peer(1), "hold", 1));
        Assert.True(_queues.TryAdd(Peer(1), "fits", 9));
        Assert.False(_queues.TryAdd(Peer(1), "too much for one", 1));
        Assert.False(_queues.TryAdd(Peer(2), "too much in all", 6));
        held.SetResult();
        await Eventually.TrueAsync(() => !_queues.Contains(Peer(1)), "everything is done");
        Assert.True(_queues.TryAdd(Peer(2), "there is room again", 6));
    }

    [Fact]
    public async Task One_source_fills_no_more_than_its_share()
    {
        var held = Hold("hold");
        Assert.True(_queues.TryAdd(Peer(1), "hold", 5, Peer(8)));
        Assert.True(_queues.TryAdd(Peer(2), "hold", 3, Peer(8)));
        Assert.False(_queues.TryAdd(Peer(3), "too much of one", 1, Peer(8)));
        Assert.True(_queues.TryAdd(Peer(3), "of another", 1, Peer(9)));
        held.SetResult();
        await Eventually.TrueAsync(() => _done.Count == 3 && !_queues.Contains(Peer(1)) && !_queues.Contains(Peer(2)), "everything is done");
        Assert.True(_queues.TryAdd(Peer(3), "there is room again", 8, Peer(8)));
    }

    [Fact]
    public async Task Many_identities_of_one_address_fill_no_more_than_its_share()
    {
        var (network, other) = (IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"));
        var held = Hold("hold");
        Assert.True(_queues.TryAdd(Peer(1), "hold", 6, new Source(Peer(7), network)));
        Assert.True(_queues.TryAdd(Peer(2), "hold", 6, new Source(Peer(8), network)));
        Assert.False(_queues.TryAdd(Peer(3), "too much of one address", 1, new Source(Peer(9), network)));
        Assert.True(_queues.TryAdd(Peer(3), "of another", 1, new Source(Peer(9), other)));
        Assert.True(_queues.TryAdd(Peer(3), "of this machine", 1, Peer(9)));
        held.SetResult();
        await Eventually.TrueAsync(() => _done.Count == 4 && !_queues.Contains(Peer(1)) && !_queues.Contains(Peer(2)), "everything is done");
        Assert.True(_queues.TryAdd(Peer(3), "there is room again", 8, new Source(Peer(9), network)));
    }

    [Fact]
    public async Task A_failure_ends_one_item_only()
    {
        Hold("bad").SetException(new InvalidOperationException("a defect"));
        _queues.TryAdd(Peer(1), "bad", 1);
        _queues.TryAdd(Peer(1), "good", 1);
        await Eventually.TrueAsync(() => _done.Contains((Peer(1), "good")), "the next item is done");
        Assert.IsType<InvalidOperationException>(Assert.Single(_failures));
    }

    [Fact]
    public async Task It_stops_although_an_item_waits()
    {
        Hold("for ever");
        _queues.TryAdd(Peer(1), "for ever", 1);
        await _stop.CancelAsync();
        await Eventually.InTimeAsync(_running);
        Assert.False(_queues.TryAdd(Peer(1), "too late", 1));
        Assert.Empty(_failures);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Eventually.InTimeAsync(_running);
        _stop.Dispose();
    }

    private TaskCompletionSource Hold(string item) => _held[item] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WorkAsync(NodeAddress peer, string item, CancellationToken cancellationToken)
    {
        if (_held.TryGetValue(item, out var held))
            await held.Task.WaitAsync(cancellationToken);
        _done.Enqueue((peer, item));
    }

    private static NodeAddress Peer(byte number)
    {
        var bytes = new byte[32];
        bytes[0] = number;
        return new NodeAddress(bytes);
    }
}
