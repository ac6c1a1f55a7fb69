using Meshara.Watch.Alerts;
using Meshara.Watch.Nodes;

namespace Meshara.Watch.Mesh;

/// <summary>Draws the mesh from what its nodes say, and compares what they say about each other.</summary>
internal sealed class MeshDrawing
{
    /// <summary>Peers that are not watched beyond this number are left out.</summary>
    private const int MaxUnwatched = 200;

    private const int MaxName = 64, MaxProblems = 8;

    private readonly IReadOnlyList<NodeProbe> _probes;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, string> _idOf = new(StringComparer.Ordinal);
    private readonly List<NodeView> _unwatched = [];
    private readonly Dictionary<(string, string), LinkView> _links = [];
    private readonly List<(int Claims, int Denies)> _contradictions = [];
    private readonly List<string>[] _problems;

    private MeshDrawing(IReadOnlyList<NodeProbe> probes, TimeProvider time)
    {
        (_probes, _time) = (probes, time);
        _problems = [.. probes.Select(probe => new List<string>(probe.Readings is [.., var last] ? last.Problems : []))];
    }

    /// <summary>Draws the present view.</summary>
    public static MeshView Draw(IReadOnlyList<NodeProbe> probes, AlertsView alerts, TimeProvider time)
    {
        var drawing = new MeshDrawing(probes, time);
        drawing.Identify();
        drawing.Connect();
        drawing.Blame();
        return drawing.View(alerts);
    }

    private static string Id(int index) => $"n{index + 1}";

    private void Identify()
    {
        for (var i = 0; i < _probes.Count; i++)
        {
            if (AddressOf(_probes[i]) is not { } address || _idOf.TryAdd(address, Id(i)))
                continue;
            var other = int.Parse(_idOf[address].AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) - 1;
            _problems[i].Add($"it has the address of {NameOf(other)}");
            _problems[other].Add($"{NameOf(i)} has its address");
        }
    }

    private void Connect()
    {
        for (var i = 0; i < _probes.Count; i++)
        {
            if (_probes[i].Readings is not [.., { Peers: { } peers }])
                continue;
            foreach (var (address, peer) in peers)
            {
                if (IdOf(address, peer) is { } other && other != Id(i))
                    Add(i, address, peer, other);
            }
        }
    }

    private void Add(int index, string address, PeerAnswer peer, string other)
    {
        var id = Id(index);
        var key = string.CompareOrdinal(id, other) < 0 ? (id, other) : (other, id);
        var link = new LinkView(
            key.Item1, key.Item2, peer.Tree, IsConfirmed(index, other), BytesPerSecond(index, address), Plausible(peer.RttMs));
        if (!link.Confirmed)
            _contradictions.Add((index, IndexOf(other)));
        _links[key] = _links.TryGetValue(key, out var seen)
            ? seen with
            {
                Tree = seen.Tree || link.Tree,
                Confirmed = seen.Confirmed && link.Confirmed,
                BytesPerSecond = seen.BytesPerSecond + link.BytesPerSecond,
                RttMs = seen.RttMs ?? link.RttMs,
            }
            : link;
    }

    /// <summary>
    /// Of two nodes that contradict each other, the one that contradicts more nodes is wrong, or else the one that claims more.
    /// </summary>
    private void Blame()
    {
        var count = _contradictions.SelectMany(one => (int[])[one.Claims, one.Denies]).CountBy(index => index).ToDictionary();
        foreach (var (claims, denies) in _contradictions)
        {
            if (count[denies] > count[claims])
                _problems[denies].Add($"it denies a connection that {NameOf(claims)} has");
            else
                _problems[claims].Add($"it claims a connection that {NameOf(denies)} does not have");
        }
    }

    /// <summary>
    /// True unless the other end answers and denies the connection in every kept reading in which this end claims it: the two are
    /// read at different times, so a new connection, or one that has just ended, is often seen at one end only.
    /// </summary>
    private bool IsConfirmed(int index, string other)
    {
        if (IndexOf(other) is not (>= 0 and var end) || AddressOf(_probes[index]) is not { } own || AddressOf(_probes[end]) is not { } its)
            return true;
        var claims = _probes[index].Readings.TakeLast(3).ToList();
        var answers = _probes[end].Readings.TakeLast(3).ToList();
        return claims.Count < 3 || answers.Count < 3
            || claims.Exists(claim => claim.Peers?.ContainsKey(its) != true)
            || answers.Exists(answer => answer.Peers?.ContainsKey(own) != false);
    }

    private double BytesPerSecond(int index, string address)
    {
        var claims = _probes[index].Readings
            .Where(reading => reading.Peers?.ContainsKey(address) == true)
            .Select(reading => (reading.Timestamp, Peer: reading.Peers![address])).ToList();
        var now = claims[^1];
        var before = claims.Find(claim => claim.Peer.ConnectedAt == now.Peer.ConnectedAt);
        var seconds = _time.GetElapsedTime(before.Timestamp, now.Timestamp).TotalSeconds;
        return seconds > 0 ? Math.Max(0, (now.Peer.BytesOut - before.Peer.BytesOut) / seconds) : 0;
    }

    private MeshView View(AlertsView alerts)
    {
        var rates = _probes.Select(probe => Rates.Of(probe.Readings, _time)).ToList();
        var watched = _probes.Select((probe, i) => Node(i, probe, rates[i])).ToList();
        List<NodeView> nodes = [.. watched, .. _unwatched];
        var known = rates.OfType<Rates>().ToList();
        var believed = watched.Where(node => node is { MembersView: not null, Condition: not Conditions.Suspect });
        return new MeshView(
            _time.GetUtcNow(), nodes, [.. _links.Values], Parts(nodes),
            new Totals(
                watched.Count, watched.Count(node => node.Condition == Conditions.Healthy),
                believed.Select(node => node.MembersView).Distinct().Count(),
                known.Count == 0 ? null : Rates.Sum(known)),
            alerts);
    }

    private NodeView Node(int index, NodeProbe probe, Rates? rates)
    {
        var reading = probe.Readings.LastOrDefault();
        var isSilent = reading?.IsSilent == true;
        return new NodeView(Id(index), NameOf(index), Condition(reading, _problems[index]))
        {
            Address = AddressOf(probe),
            Problems = [.. _problems[index].Take(MaxProblems)],
            Version = reading?.Node is { } node ? Shown.Bounded(node.Version, MaxName) : null,
            Uptime = reading?.Health?.Uptime,
            Peers = reading?.Peers?.Count,
            MemoryMb = Plausible(reading?.Health?.MemoryMb),
            CpuPercent = Plausible(reading?.Health?.CpuPercent),
            Members = isSilent ? null : reading?.Figures?.MembershipSize,
            MembersView = isSilent ? null : reading?.Figures?.MembershipView,
            Traffic = rates?.Traffic,
        };
    }

    private static string Condition(NodeReading? reading, List<string> problems)
    {
        if (reading is null)
            return Conditions.Unknown;
        if (reading.IsSilent)
            return Conditions.Silent;
        if (problems.Count > 0 || reading.Node is null || reading.Health is null)
            return Conditions.Suspect;
        if (reading.Node.State != "ready")
            return Conditions.Changing;
        return reading.Health.Status switch
        {
            "Healthy" => Conditions.Healthy,
            "Degraded" => Conditions.Degraded,
            _ => Conditions.Unhealthy,
        };
    }

    /// <summary>The connected components. A node without connections is a part only if it is believed.</summary>
    private List<IReadOnlyList<string>> Parts(List<NodeView> nodes)
    {
        var next = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var node in nodes)
            next[node.Id] = [];
        foreach (var link in _links.Values.Where(link => link.Confirmed))
        {
            next[link.From].Add(link.To);
            next[link.To].Add(link.From);
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var parts = new List<IReadOnlyList<string>>();
        bool IsPart(NodeView node) =>
            node.Condition is not (Conditions.Silent or Conditions.Unknown or Conditions.Suspect) || next[node.Id].Count > 0;
        foreach (var node in nodes.Where(IsPart))
        {
            if (!seen.Add(node.Id))
                continue;
            List<string> part = [node.Id];
            for (var i = 0; i < part.Count; i++)
                part.AddRange(next[part[i]].Where(seen.Add));
            parts.Add(part);
        }
        return parts;
    }

    private string? IdOf(string address, PeerAnswer peer)
    {
        if (_idOf.TryGetValue(address, out var id))
            return id;
        if (_unwatched.Count >= MaxUnwatched)
            return null;
        id = "p" + address;
        _idOf[address] = id;
        _unwatched.Add(new NodeView(id, Shown.Bounded(peer.Name, MaxName), Conditions.Unwatched) { Address = address });
        return id;
    }

    private int IndexOf(string id) => id[0] == 'n' ? int.Parse(id.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) - 1 : -1;

    private string NameOf(int index) => _probes[index].Name;

    private static string? AddressOf(NodeProbe probe) =>
        probe.Readings.LastOrDefault(reading => reading.Node is not null)?.Node is { } node ? Shown.Bounded(node.Address, MaxName) : null;

    private static double? Plausible(double? value) => value is >= 0 and <= 1e9 ? value : null;
}
