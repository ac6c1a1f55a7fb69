using Meshara.Node.Delivery;
using Meshara.Node.Identity;
using Meshara.Node.Protocol;
using Meshara.Node.Storage;

namespace Meshara.Lab.Simulation;

/// <summary>What the nodes do during the load, and what became of it.</summary>
internal sealed class SimulatedLoad(SimulatedMesh mesh, SimulationOptions options)
{
    // A newcomer is not looked up, written to or counted before it had this long to settle.
    private static readonly TimeSpan Newness = TimeSpan.FromSeconds(30);

    private static readonly byte[] Content = new byte[256];

    private readonly List<Search> _searches = [];
    private readonly List<Sending> _sendings = [];
    private readonly List<Spreading> _spreadings = [];
    private readonly Dictionary<SimulatedNode, long> _copiesBefore = [];
    private Dictionary<(SimulatedNode, MessageId, bool), List<InboxMessage>>? _arrivals;
    private TimeSpan _began;

    /// <summary>Plans everything; it happens as virtual time passes.</summary>
    public void Plan()
    {
        _began = mesh.Time.Now;
        foreach (var node in mesh.Nodes)
            _copiesBefore[node] = node.BroadcastsReceived;
        Repeat(options.Lookups, SearchAsync);
        Repeat(options.Lookups, SendAsync);
        Repeat(options.Broadcasts, () =>
        {
            var sender = PickSettled();
            _spreadings.Add(new Spreading(sender, mesh.Time.Now, Broadcast(sender)));
        });
        Repeat((int)(options.Nodes * options.Churn * options.For.TotalMinutes), () =>
        {
            // The seeds stay: whoever runs a mesh runs these.
            SimulatedNode victim;
            do
            {
                victim = mesh.Nodes[mesh.Random.Next(mesh.Nodes.Count)];
            }
            while (!victim.IsAlive || victim.Number <= 20);
            victim.Crash();
            mesh.Add();
        });
    }

    /// <summary>Sends a broadcast; its id is known at once.</summary>
    public static Task<MessageId> Broadcast(SimulatedNode sender)
    {
        Task<MessageId> sent = null!;
        sender.Context.Send(_ => sent = sender.Outbox.BroadcastAsync(Content, CancellationToken.None).AsTask(), null);
        return sent;
    }

    public LookupReport Lookups()
    {
        List<Search> valid = [.. _searches.Where(search => search is { From.IsAlive: true, For.IsAlive: true })];
        List<double> hops = [.. valid.Where(search => search.Found).Select(search => (double)search.Hops).Order()];
        List<double> times = [.. valid.Where(search => search.Found).Select(search => search.Took.TotalMilliseconds).Order()];
        return new LookupReport(
            valid.Count, SimulationRun.Round(SimulationRun.Share(valid, search => search.Found), 5), SimulationRun.Quantile(hops, 0.5), SimulationRun.Quantile(hops, 0.99),
            SimulationRun.Quantile(times, 0.5), SimulationRun.Quantile(times, 0.99));
    }

    public BroadcastReport Broadcasts()
    {
        var arrivals = Arrivals();
        var (expected, reached, doubled) = (0L, 0L, 0L);
        var times = new List<double>();
        foreach (var spreading in _spreadings.Where(spreading => spreading.Sender.IsAlive))
        {
            foreach (var node in mesh.Honest.Where(node => node != spreading.Sender && mesh.Started[node] + Newness <= spreading.At))
            {
                expected++;
                if (!arrivals.TryGetValue((node, spreading.Sent.Result, true), out var got))
                    continue;
                reached++;
                doubled += got.Count - 1;
                times.Add((got[0].ReceivedAt - got[0].SentAt).TotalMilliseconds);
            }
        }
        times.Sort();
        // Nodes that crash or join meanwhile count for the part of the broadcasts that they saw.
        var copies = mesh.Honest.Sum(node => node.BroadcastsReceived - _copiesBefore.GetValueOrDefault(node));
        var delivered = arrivals.Where(arrival => arrival.Key.Item3).Sum(arrival => (long)arrival.Value.Count);
        return new BroadcastReport(
            _spreadings.Count, SimulationRun.Round(expected == 0 ? 0 : (double)reached / expected, 6), doubled, SimulationRun.Round((double)copies / Math.Max(1, delivered), 3),
            SimulationRun.Quantile(times, 0.5), SimulationRun.Quantile(times, 0.99), times.Count == 0 ? 0 : SimulationRun.Round(times[^1], 1));
    }

    public MessageReport Messages()
    {
        var arrivals = Arrivals();
        List<Sending> valid = [.. _sendings.Where(sending => sending is { From.IsAlive: true, To.IsAlive: true })];
        var (lost, doubled, acknowledged) = (0L, 0L, 0L);
        var times = new List<double>();
        foreach (var sending in valid)
        {
            if (IsAcknowledged(sending))
                acknowledged++;
            if (!arrivals.TryGetValue((sending.To, sending.Sent.Result, false), out var got))
            {
                lost++;
                continue;
            }
            doubled += got.Count - 1;
            times.Add((got[0].ReceivedAt - got[0].SentAt).TotalMilliseconds);
        }
        times.Sort();
        return new MessageReport(valid.Count, lost, doubled, acknowledged, SimulationRun.Quantile(times, 0.5), SimulationRun.Quantile(times, 0.99));
    }

    private static bool IsAcknowledged(Sending sending) =>
        sending.From.Outbox.GetStatusAsync(sending.Sent.Result, CancellationToken.None).AsTask().Result?.State == MessageState.Acknowledged;

    private async void SearchAsync()
    {
        var (from, target) = PickTwo();
        var search = new Search(from, target);
        _searches.Add(search);
        var started = mesh.Time.Now;
        Task<Meshara.Node.Routing.Lookup> searching = null!;
        from.Context.Send(_ => searching = from.Dht.SearchAsync(target.Address, CancellationToken.None), null);
        var lookup = await searching;
        (search.Found, search.Hops, search.Took) = (lookup.HasFound, lookup.Rounds, mesh.Time.Now - started);
    }

    private void SendAsync()
    {
        var (from, to) = PickTwo();
        Task<MessageId> sent = null!;
        from.Context.Send(_ => sent = from.Outbox.SendAsync(to.Address, Content, null, CancellationToken.None).AsTask(), null);
        _sendings.Add(new Sending(from, to, sent));
    }

    private (SimulatedNode, SimulatedNode) PickTwo()
    {
        var from = PickSettled();
        SimulatedNode to;
        do
        {
            to = PickSettled();
        }
        while (to == from);
        return (from, to);
    }

    private SimulatedNode PickSettled()
    {
        while (true)
        {
            var node = mesh.Pick();
            if (mesh.Started[node] + Newness <= mesh.Time.Now)
                return node;
        }
    }

    private void Repeat(int count, Action action)
    {
        for (var i = 0; i < count; i++)
            mesh.Time.After(options.For * i / count, mesh.Driver, _ => action(), null);
    }

    /// <summary>What lies in the inboxes since the load began, by node, id and kind.</summary>
    private Dictionary<(SimulatedNode, MessageId, bool), List<InboxMessage>> Arrivals()
    {
        if (_arrivals is not null)
            return _arrivals;
        _arrivals = [];
        foreach (var node in mesh.Honest)
        {
            for (long after = 0; Read(node, after) is [.., var last] page; after = last.Cursor)
            {
                foreach (var message in page.Where(message => message.SentAt >= VirtualTime.Beginning + _began))
                {
                    var key = (node, message.Id, message.IsBroadcast);
                    if (!_arrivals.TryGetValue(key, out var same))
                        _arrivals[key] = same = [];
                    same.Add(message);
                }
            }
        }
        return _arrivals;
    }

    private static IReadOnlyList<InboxMessage> Read(SimulatedNode node, long after) =>
        node.Store.ReadAsync(after, 1000, CancellationToken.None).AsTask().Result;

    private sealed record Search(SimulatedNode From, SimulatedNode For)
    {
        public bool Found { get; set; }

        public int Hops { get; set; }

        public TimeSpan Took { get; set; }
    }

    private sealed record Sending(SimulatedNode From, SimulatedNode To, Task<MessageId> Sent);

    private sealed record Spreading(SimulatedNode Sender, TimeSpan At, Task<MessageId> Sent);
}
