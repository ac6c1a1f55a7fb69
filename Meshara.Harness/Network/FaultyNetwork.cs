using System.Collections.Concurrent;

namespace Meshara.Harness.Network;

/// <summary>
/// What lies between the nodes: a proxy in front of each, where the others dial it. Whatever passes can be delayed, held up
/// or cut. Thread-safe.
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

    /// <param name="nodes">Each node's number, the port where others dial it, and the port where it really listens.</param>
    /// <param name="nodesByProcess">The numbers of the running nodes by process id.</param>
    /// <param name="seed">Seed of the jitter and the stalls.</param>
    /// <param name="time">The clock.</param>
    public FaultyNetwork(
        IReadOnlyList<(int Node, int Port, int HiddenPort)> nodes, Func<IReadOnlyDictionary<int, int>> nodesByProcess,
        int seed, TimeProvider time)
    {
        _proxies = [.. nodes.Select(node => new MeshProxy(this, node.Node, node.Port, node.HiddenPort))];
        _nodesByProcess = nodesByProcess;
        _random = new Random(seed);
        _time = time;
    }

    /// <summary>How well bytes travel, everywhere.</summary>
    public LinkConditions Conditions
    {
        get => _conditions;
        set => _conditions = value;
    }

    /// <summary>How well bytes travel to and from one node; worse than <see cref="Conditions"/>, or the same again.</summary>
    public void SetConditions(int node, LinkConditions conditions) => _conditionsOf[node] = conditions;

    /// <summary>Begins to listen in front of every node.</summary>
    public void Start()
    {
        foreach (var proxy in _proxies)
            proxy.Start();
    }

    /// <summary>Begins to listen in front of one node, as soon as it listens itself.</summary>
    /// <param name="node">The node's number.</param>
    /// <param name="cancellationToken">Ends the wait for the node.</param>
    public Task OpenAsync(int node, CancellationToken cancellationToken) =>
        _proxies.Single(proxy => proxy.Node == node).OpenAsync(cancellationToken);

    /// <summary>Listens in front of a node no more: it has ended.</summary>
    public void Close(int node) => _proxies.Single(proxy => proxy.Node == node).Close();

    /// <summary>Cuts some nodes off from all others.</summary>
    public void Split(HashSet<int> island, Breach breach)
    {
        lock (_gate)
            (_island, _breach) = (island, breach);
        if (breach != Breach.Rejecting)
            return;
        foreach (var link in _links.Keys.Where(link => IsSplit(link.Source, link.Destination)))
            link.Reset();
    }

    /// <summary>Everybody reaches everybody again.</summary>
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

    /// <summary>Resets one connection, at random.</summary>
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

    /// <summary>Who dialled a connection; null when that cannot be told.</summary>
    internal int? Identify(int fromPort, int toPort)
    {
        var nodes = _nodesByProcess();
        return OperatingSystem.IsLinux() && SocketOwner.Find(fromPort, toPort, nodes.Keys) is { } process ? nodes[process] : null;
    }

    /// <summary>True when a connection between the two is refused at present.</summary>
    internal bool Refuses(int? source, int destination)
    {
        lock (_gate)
            return _breach == Breach.Rejecting && IsSplit(source, destination);
    }

    /// <summary>Completes when bytes can pass between the two.</summary>
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

    /// <summary>How long the next segment between the two takes.</summary>
    internal TimeSpan TravelTime(int? source, int destination)
    {
        var conditions = Of(destination) ?? (source is { } dialler ? Of(dialler) : null) ?? _conditions;
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

    /// <summary>Carries a connection for as long as it lasts.</summary>
    internal async Task CarryAsync(ProxyLink link, CancellationToken cancellationToken)
    {
        _links[link] = 0;
        try
        {
            await link.RunAsync(_time, cancellationToken);
        }
        finally
        {
            _links.TryRemove(link, out _);
        }
    }

    // A dialler that cannot be told has ended since, or is none of the nodes: it reaches nobody who is cut off.
    private bool IsSplit(int? source, int destination)
    {
        lock (_gate)
            return _island.Count > 0 && (source is not { } from || _island.Contains(from) != _island.Contains(destination));
    }

    private LinkConditions? Of(int node) =>
        _conditionsOf.GetValueOrDefault(node) is { } conditions && conditions != LinkConditions.Good ? conditions : null;

    private int Choose(int count)
    {
        lock (_random)
            return _random.Next(count);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
