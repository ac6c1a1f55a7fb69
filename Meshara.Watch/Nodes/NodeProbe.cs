using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Meshara.Watch.Nodes;

/// <summary>Reads one node, and keeps the last few readings, from which rates follow.</summary>
internal sealed class NodeProbe : IDisposable
{
    /// <summary>A node has far fewer peers; what it claims beyond that is not shown.</summary>
    public const int MaxPeers = 1000;

    private const int Kept = 10, MaxName = 64;

    private readonly BoundedClient _client;
    private readonly TimeProvider _time;
    private volatile NodeReading[] _readings = [];

    /// <param name="node">The node.</param>
    /// <param name="time">The watch's clock.</param>
    public NodeProbe(WatchedNode node, TimeProvider time)
    {
        (Node, _time) = (node, time);
        _client = new BoundedClient(node.Token, time, node.IsSelf);
    }

    /// <summary>The node.</summary>
    public WatchedNode Node { get; }

    /// <summary>The last readings, oldest first; the array is never modified.</summary>
    public NodeReading[] Readings => _readings;

    /// <summary>What it last said of itself; null while it has said nothing.</summary>
    public NodeAnswer? Known => Readings.LastOrDefault(reading => reading.Node is not null)?.Node;

    /// <summary>Its name: the expected one, the one it gives itself, or where it is.</summary>
    public string Name => Node.Name ?? (Known is { } known ? Shown.Bounded(known.Name, MaxName) : Node.Api.Authority);

    /// <summary>Forgets everything, as when nobody has watched for a while.</summary>
    public void Forget() => _readings = [];

    /// <summary>Asks the node once.</summary>
    public async Task<NodeReading> ReadAsync(CancellationToken stop)
    {
        var timestamp = _time.GetTimestamp();
        List<string> problems = [];
        var (node, health, peers) = (GetAsync("api/node", stop), GetAsync("health", stop), GetAsync("api/peers", stop));
        await Task.WhenAll(node, health, peers);
        var status = await health;
        // 503 carries the same body.
        Answer[] answers = [await node, status with { Status = status.Status is 503 ? 200 : status.Status }, await peers];
        var identity = Parse(answers[0], "/api/node", WatchJson.Default.NodeAnswer, problems);
        var reading = new NodeReading(timestamp)
        {
            Node = identity,
            Health = Parse(answers[1], "/health", WatchJson.Default.HealthAnswer, problems),
            Peers = ByAddress(Parse(answers[2], "/api/peers", WatchJson.Default.PeersAnswer, problems), problems),
            Figures = answers[0].IsSilent ? null : await ScrapeAsync(identity, problems, stop),
            IsSilent = answers.All(answer => answer.IsSilent),
        };
        if (identity is not null && Node.Name is { } expected && identity.Name != expected)
            problems.Add($"it answers with the name {Shown.Bounded(identity.Name, 64)} and not as {expected}");
        if (identity is not null && Known is { } known && known.Address != identity.Address)
            problems.Add("its address is not the one it had before");
        reading = reading with { Problems = problems };
        _readings = [.. _readings.Skip(_readings.Length < Kept ? 0 : 1), reading];
        return reading;
    }

    /// <summary>Asks the node something beside the readings.</summary>
    /// <param name="path">Path and query, without a leading slash.</param>
    /// <param name="stop">Cancels the request.</param>
    public Task<Answer> GetAsync(string path, CancellationToken stop) => _client.GetAsync(new Uri(Node.Api, path), stop);

    public void Dispose() => _client.Dispose();

    /// <summary>Reads an answer; if that is not possible, names the problem and returns null.</summary>
    public static T? Parse<T>(Answer answer, string path, JsonTypeInfo<T> type, List<string> problems) where T : class
    {
        if (answer.Fault is { } fault)
        {
            problems.Add(fault);
            return null;
        }
        if (!answer.IsSuccess)
        {
            problems.Add($"{path} answers {answer.Status}");
            return null;
        }
        try
        {
            if (JsonSerializer.Deserialize(answer.Body.Span, type) is { } value)
                return value;
        }
        catch (JsonException)
        {
            // Named below, as null is.
        }
        problems.Add($"{path} answers something else than a node does");
        return null;
    }

    private async Task<NodeFigures?> ScrapeAsync(NodeAnswer? identity, List<string> problems, CancellationToken stop)
    {
        var url = Node.Metrics ?? MetricsAt(identity?.MetricsPort);
        if (url is null)
            return null;
        var answer = await _client.GetAsync(url, stop);
        if (answer.Fault is { } fault)
            problems.Add(fault);
        else if (!answer.IsSuccess)
            problems.Add($"/metrics answers {answer.Status}");
        else if (MetricsText.Read(answer.Body.Span) is not { } figures)
            problems.Add("/metrics answers something else than a node does");
        else if (!figures.ArePlausible)
            problems.Add("/metrics has values that cannot be true");
        else
            return figures;
        return null;
    }

    // A port of its own has no TLS.
    private Uri? MetricsAt(int? port) => port is > 0 and <= 65535
        ? new UriBuilder(port == Node.Api.Port ? Node.Api.Scheme : Uri.UriSchemeHttp, Node.Api.Host, port.Value, "metrics").Uri
        : null;

    private static Dictionary<string, PeerAnswer>? ByAddress(PeersAnswer? answer, List<string> problems)
    {
        if (answer is null)
            return null;
        if (answer.Peers.Count > MaxPeers)
            problems.Add($"it claims {answer.Peers.Count} peers; {MaxPeers} are shown");
        var peers = new Dictionary<string, PeerAnswer>(StringComparer.Ordinal);
        foreach (var peer in answer.Peers.Take(MaxPeers).Where(peer => peer is not null))
            peers[Shown.Bounded(peer.Address, 64)] = peer;
        return peers;
    }
}
