using System.Net;
using Meshara.Node.Identity;

namespace Meshara.Node;

/// <summary>
/// Queues of work that waits for individual peers: for a connection, for room in a send buffer, or for an answer. Each peer's
/// items are processed in order by a task of its own, which exists while items wait, so that no peer holds up another. Bounded
/// per peer, per source of the items, and in total. Safe for concurrent use.
/// </summary>
/// <param name="perPeer">Total size that may wait for one peer; a single item may be larger.</param>
/// <param name="inAll">Total size that may wait for all peers.</param>
/// <param name="work">Processes one item. The next item of the same peer starts when it has completed.</param>
/// <param name="onFailure">Called with an exception that <paramref name="work"/> did not handle.</param>
/// <param name="perSource">Total size that one source may have waiting for all peers.</param>
/// <param name="perNetwork">Total size that all sources at one address may have waiting.</param>
internal sealed class PeerQueues<T>(
    int perPeer, long inAll, Func<NodeAddress, T, CancellationToken, Task> work, Action<NodeAddress, Exception> onFailure,
    long perSource = long.MaxValue, long perNetwork = long.MaxValue)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<NodeAddress, Waiting> _peers = [];
    private readonly Dictionary<NodeAddress, long> _sources = [];
    private readonly Dictionary<IPAddress, long> _networks = [];
    private readonly TaskCompletionSource _empty = new(Work.Asynchronously);
    private long _size;
    private int _count;
    private CancellationToken _stopping;
    private bool _isRunning;

    /// <summary>True while something waits for the peer; later items should wait behind it.</summary>
    public bool Contains(NodeAddress peer)
    {
        if (Volatile.Read(ref _count) == 0)
            return false;
        lock (_gate)
            return _peers.ContainsKey(peer);
    }

    /// <summary>Queues an item; false if too much is waiting or the node is stopping.</summary>
    /// <param name="peer">The peer it waits for.</param>
    /// <param name="item">The item.</param>
    /// <param name="size">Its size, in the unit of the limits.</param>
    /// <param name="source">The source it is counted under; empty if it counts under none.</param>
    public bool TryAdd(NodeAddress peer, T item, int size, Source source = default)
    {
        lock (_gate)
        {
            var isBusy = _peers.TryGetValue(peer, out var waiting);
            if (_stopping.IsCancellationRequested || _size + size > inAll || isBusy && waiting!.Size + size > perPeer
                || IsOverShare(source, size))
                return false;
            _size += size;
            Count(source, size);
            if (isBusy)
            {
                waiting!.Add(item, size, source);
                return true;
            }
            _peers[peer] = waiting = new Waiting();
            waiting.Add(item, size, source);
            Volatile.Write(ref _count, _peers.Count);
            if (_isRunning)
                Start(peer, waiting);
            return true;
        }
    }

    /// <summary>Works until cancelled, then waits until all work in progress has ended.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        lock (_gate)
        {
            _stopping = stopping;
            _isRunning = true;
            foreach (var (peer, waiting) in _peers)
                Start(peer, waiting);
        }
        await Task.Delay(Timeout.Infinite, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        lock (_gate)
        {
            if (_peers.Count == 0)
                return;
        }
        await _empty.Task;
    }

    private void Start(NodeAddress peer, Waiting waiting) => Work.Queue(
        static state => _ = state.Queues.WorkAsync(state.Peer, state.Waiting), (Queues: this, Peer: peer, Waiting: waiting), preferLocal: false);

    private async Task WorkAsync(NodeAddress peer, Waiting waiting)
    {
        do
        {
            try
            {
                await work(peer, First(waiting), _stopping);
            }
            catch (Exception) when (_stopping.IsCancellationRequested)
            {
                // The node is stopping.
            }
            catch (Exception e)
            {
                onFailure(peer, e);
            }
        }
        while (Next(peer, waiting));
    }

    private T First(Waiting waiting)
    {
        lock (_gate)
            return waiting.First;
    }

    /// <summary>Removes the finished item; false if the peer's task should end.</summary>
    private bool Next(NodeAddress peer, Waiting waiting)
    {
        lock (_gate)
        {
            var (size, source) = waiting.Remove();
            _size -= size;
            Count(source, -size);
            if (!waiting.IsEmpty && !_stopping.IsCancellationRequested)
                return true;
            _size -= waiting.Size;
            _peers.Remove(peer);
            Volatile.Write(ref _count, _peers.Count);
            if (_peers.Count == 0 && _stopping.IsCancellationRequested)
                _empty.TrySetResult();
            return false;
        }
    }

    private bool IsOverShare(Source source, int size) =>
        !source.Peer.IsEmpty && _sources.GetValueOrDefault(source.Peer) + size > perSource
        || source.Network is { } network && _networks.GetValueOrDefault(network) + size > perNetwork;

    private void Count(Source source, int size)
    {
        if (!source.Peer.IsEmpty)
            Count(_sources, source.Peer, size);
        if (source.Network is { } network)
            Count(_networks, network, size);
    }

    private static void Count<TKey>(Dictionary<TKey, long> sums, TKey key, int size) where TKey : notnull
    {
        var sum = sums.GetValueOrDefault(key) + size;
        if (sum > 0)
            sums[key] = sum;
        else
            sums.Remove(key);
    }

    private sealed class Waiting
    {
        private readonly Queue<(T Item, int Size, Source Source)> _items = new();

        public int Size { get; private set; }

        public bool IsEmpty => _items.Count == 0;

        public T First => _items.Peek().Item;

        public void Add(T item, int size, Source source)
        {
            _items.Enqueue((item, size, source));
            Size += size;
        }

        public (int Size, Source Source) Remove()
        {
            var (_, size, source) = _items.Dequeue();
            Size -= size;
            return (size, source);
        }
    }
}
