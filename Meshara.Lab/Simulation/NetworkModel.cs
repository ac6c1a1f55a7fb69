using System.Net;

namespace Meshara.Lab.Simulation;

/// <summary>The links between simulated nodes: who can be dialled where, how long bytes take, and what is lost.</summary>
internal sealed class NetworkModel(VirtualTime time, Random random, double loss)
{
    // One way: from within a city to around the world; the median of two random places is about 45 ms.
    private static readonly TimeSpan Nearest = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Farthest = TimeSpan.FromMilliseconds(120);
    private static readonly TimeSpan Jitter = TimeSpan.FromMilliseconds(2);

    // The least retransmission timeout of Linux.
    private static readonly TimeSpan Retransmission = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<IPEndPoint, SimulatedNode> _listening = [];
    private readonly List<(double X, double Y)> _places = [];

    public VirtualTime Time => time;

    /// <summary>Connections made so far.</summary>
    public long Connections { get; set; }

    /// <summary>A random place on the map, by number.</summary>
    public int NewPlace()
    {
        _places.Add((random.NextDouble(), random.NextDouble()));
        return _places.Count - 1;
    }

    /// <summary>How long the next packet from one place to another takes.</summary>
    public TimeSpan Delay(int from, int to)
    {
        var delay = Latency(from, to) + Jitter * -Math.Log(1 - random.NextDouble());
        while (random.NextDouble() < loss)
            delay += Retransmission;
        return delay;
    }

    /// <summary>The round trip without jitter and loss.</summary>
    public TimeSpan RoundTrip(int from, int to) => 2 * Latency(from, to);

    public void Listen(SimulatedNode node) => _listening[node.Endpoint] = node;

    public SimulatedNode? FindListener(IPEndPoint endpoint) => _listening.GetValueOrDefault(endpoint) is { IsAlive: true } node ? node : null;

    private TimeSpan Latency(int from, int to)
    {
        var (a, b) = (_places[from], _places[to]);
        return Nearest + (Farthest - Nearest) * Math.Min(1, Math.Sqrt((a.X - b.X) * (a.X - b.X) + (a.Y - b.Y) * (a.Y - b.Y)) / Math.Sqrt(2));
    }
}
