using System.Collections.Concurrent;

namespace Meshara.Harness.Network;

/// <summary>
/// A network with faults: a proxy stands in front of each node, at the port that the others dial. It can delay, hold up or cut
/// connections. Thread-safe.
/// </summary>
internal sealed class FaultyNetwork : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly IReadOnlyList<MeshProxy> _proxies;
    private readonly Func<IReadOnlyDictionary<int, int>> _nodesByProcess;
    private readonly ConcurrentDictionary<ProxyLink, byte> _links = new();
    private readonly Random _random;
    private readonly TimeProvider _time;
    private HashSet<int> _island = [];
    private Breach _breach;
    private TaskCompletionSource _changed = NewSignal();
    private readonly ConcurrentDictionary<int, LinkConditions> _conditionsOf = new();
    private volatile LinkConditions _conditions = LinkConditions.Good;
    private volatile bool _identifies;

    /// <param name="nodes">Each node's index, the port that others dial, and the port that the node listens on.</param>
    /// <param name="nodesByProcess">Returns the indices of the running nodes by process id.</param>
    /// <param name="seed">Seed for jitter, stalls and random resets.</param>
    /// <param name="time">The clock.</param>
    /// <param name="identifiesAtOnce">
    /// If false, diallers are identified only at the first split, because identifying each new connection is slow with many nodes. Until
    /// then, conditions can be set for all links but not for one node.
    /// </param>
    public FaultyNetwork(
        IReadOnlyList<(int Node, int Port, int HiddenPort)> nodes, Func<IReadOnlyDictionary<int, int>> nodesByProcess,
        int seed, TimeProvider time, bool identifiesAtOnce = true)
    {
        _identifies = identifiesAtOnce;
        _proxies = [.. nodes.Select(node => new MeshProxy(this, node.Node, node.Port, node.HiddenPort))];
        _nodesByProcess = nodesByProcess;
        _random = new Random(seed);
        _time = time;
    }

    /// <summary>The conditions of every link that has none of its own.</summary>
    public LinkConditions Conditions
    {
        get => _conditions;
        set => _conditions = value;
    }

    /// <summary>
    /// Sets the conditions of all links of one node, in place of <see cref="Conditions"/>; <see cref="LinkConditions.Good"/> undoes it.
    /// </summary>
    public void SetConditions(int node, LinkConditions conditions) => _conditionsOf[node] = conditions;

    /// <summary>Opens the proxy of every node.</summary>
    public void Start()
    {
        foreach (var proxy in _proxies)
            proxy.Start();
    }

    /// <summary>Opens the proxy of a node as soon as the node listens.</summary>
    /// <param name="node">The node's index.</param>
    /// <param name="cancellationToken">Ends the wait for the node.</param>
    public Task OpenAsync(int node, CancellationToken cancellationToken) =>
        _proxies.Single(proxy => proxy.Node == node).OpenAsync(cancellationToken);

    /// <summary>Closes the proxy of a node that has ended.</summary>
    public void Close(int node) => _proxies.Single(proxy => proxy.Node == node).Close();

    /// <summary>Cuts the nodes of an island off from all others.</summary>
    public void Split(HashSet<int> island, Breach breach)
    {
        if (!_identifies)
        {
            _identifies = true;
            IdentifyAll();
        }
        lock (_gate)
            (_island, _breach) = (island, breach);
        if (breach != Breach.Rejecting)
            return;
        foreach (var link in _links.Keys.Where(link => IsSplit(link.Source, link.Destination)))
            link.Reset();
    }

    /// <summary>Ends the split: every node reaches every other again.</summary>
    public void Heal()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _island = [];
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.SetResult();
    }

    /// <summary>Resets one random connection, if there is any.</summary>
    public void ResetOne()
    {
        ProxyLink[] links = [.. _links.Keys];
        if (links.Length > 0)
            links[Choose(links.Length)].Reset();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in _proxies)
            await proxy.DisposeAsync();
    }

    /// <summary>True if the dialler of a new connection must be identified.</summary>
    internal bool Identifies => _identifies;

    /// <summary>The index of the node that dialled a connection; null if it cannot be identified.</summary>
    internal int? Identify(ProxyLink link)
    {
        var nodes = _nodesByProcess();
        return OperatingSystem.IsLinux() && SocketOwner.Find(link.Ports.From, link.Ports.To, nodes.Keys) is { } process ? nodes[process] : null;
    }

    private void IdentifyAll()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var links = _links.Keys.ToLookup(link => link.Ports);
        var nodes = _nodesByProcess();
        foreach (var (ports, process) in SocketOwner.FindAll(links.Select(group => group.Key).ToHashSet(), nodes.Keys))
        {
            foreach (var link in links[ports])
                link.Source = nodes[process];
        }
    }

    /// <summary>True if a connection between the two is refused at present.</summary>
    internal bool Refuses(int? source, int destination)
    {
        lock (_gate)
            return _breach == Breach.Rejecting && IsSplit(source, destination);
    }

    /// <summary>Completes once bytes can pass between the two.</summary>
    internal async ValueTask PassAsync(int? source, int destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (!IsSplit(source, destination))
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    /// <summary>How long the link between the two is busy with a segment.</summary>
    internal TimeSpan Occupancy(int? source, int destination, int bytes) =>
        Between(source, destination).BytesPerSecond is > 0 and var rate ? TimeSpan.FromSeconds((double)bytes / rate) : TimeSpan.Zero;

    /// <summary>The delay of the next segment between the two.</summary>
    internal TimeSpan TravelTime(int? source, int destination)
    {
        var conditions = Between(source, destination);
        if (conditions == LinkConditions.Good)
            return TimeSpan.Zero;
        lock (_random)
        {
            var stall = _random.NextDouble() < conditions.StallShare
                ? conditions.Stall * (0.25 + (0.75 * _random.NextDouble()))
                : TimeSpan.Zero;
            return conditions.Latency + (conditions.Jitter * _random.NextDouble()) + stall;
        }
    }

    /// <summary>Relays a connection until it ends.</summary>
    internal async Task CarryAsync(ProxyLink link, CancellationToken cancellationToken)
    {
        _links[link] = 0;
        // The link may have been added while IdentifyAll was running.
        if (_identifies && link.Source is null)
            link.Source = Identify(link);
        try
        {
            await link.RunAsync(_time, cancellationToken);
        }
        finally
        {
            _links.TryRemove(link, out _);
        }
    }

    // An unidentified dialler has exited or is not a node. During a split it reaches no node.
    private bool IsSplit(int? source, int destination)
    {
        lock (_gate)
            return _island.Count > 0 && (source is not { } from || _island.Contains(from) != _island.Contains(destination));
    }

    private LinkConditions Between(int? source, int destination) => Of(destination) ?? (source is { } dialler ? Of(dialler) : null) ?? _conditions;

    private LinkConditions? Of(int node) =>
        _conditionsOf.GetValueOrDefault(node) is { } conditions && conditions != LinkConditions.Good ? conditions : null;

    private int Choose(int count)
    {
        lock (_random)
            return _random.Next(count);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
