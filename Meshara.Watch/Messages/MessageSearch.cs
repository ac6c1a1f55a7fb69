using System.Globalization;
using System.Text.Json;
using Meshara.Watch.Nodes;

namespace Meshara.Watch.Messages;

/// <summary>Asks every node for what it recorded about a message lately (docs/telemetry.md, "Recent diagnostics").</summary>
internal sealed class MessageSearch(IReadOnlyList<NodeProbe> probes)
{
    private const int AtOnce = 16, RecentPerNode = 20, MaxRecent = 50;
    private const int MaxSpans = 1000, MaxSpansPerNode = 200, MaxLogs = 300, MaxText = 300, MaxFields = 20;

    private static readonly string[] OwnFields = ["timestamp", "level", "event", "message", "message_id", "target"];

    /// <summary>Finds what is known of a message.</summary>
    /// <param name="id">Its id: 32 hexadecimal digits.</param>
    /// <param name="stop">Cancels the search.</param>
    public async Task<MessageTrail> FindAsync(string id, CancellationToken stop)
    {
        var found = new Finding[probes.Count];
        await ForEachAsync(async (index, token) => found[index] = await AskAsync(index, id, token), stop);
        var traces = found.SelectMany(one => one.Traces, (one, trace) => (one.Node, Trace: trace)).ToList();
        var spans = traces
            .SelectMany(one => one.Trace.Spans.OfType<SpanAnswer>().Take(MaxSpansPerNode), (one, span) => (one.Node, Span: span))
            .DistinctBy(one => one.Span.SpanId).OrderBy(one => one.Span.StartedAt).Take(MaxSpans).ToList();
        return new MessageTrail(
            id, found.Select(one => one.State).FirstOrDefault(state => state is not null),
            [.. traces.Select(one => Shown.Bounded(one.Trace.TraceId, 32)).Distinct()], View(spans), Hops(spans),
            [.. found.SelectMany(one => one.Logs).OrderBy(log => log.At, StringComparer.Ordinal).Take(MaxLogs)],
            [.. found.SelectMany(one => one.Problems)]);
    }

    /// <summary>Messages that were sent lately and whose traces were recorded, newest first.</summary>
    public async Task<List<RecentMessage>> RecentAsync(CancellationToken stop)
    {
        var found = new List<RecentMessage>[probes.Count];
        await ForEachAsync(async (index, token) => found[index] = await RecentAsync(index, token), stop);
        return [.. found.SelectMany(one => one).OrderByDescending(message => message.At).Take(MaxRecent)];
    }

    private static string Id(int index) => $"n{index + 1}";

    private Task ForEachAsync(Func<int, CancellationToken, ValueTask> body, CancellationToken stop) =>
        Parallel.ForAsync(0, probes.Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop }, body);

    private async Task<Finding> AskAsync(int index, string id, CancellationToken stop)
    {
        var probe = probes[index];
        var (state, traces, logs) = (
            probe.GetAsync($"api/messages/{id}", stop), probe.GetAsync($"api/diagnostics/traces?message_id={id}", stop),
            probe.GetAsync($"api/diagnostics/logs?message_id={id}", stop));
        await Task.WhenAll(state, traces, logs);
        List<string> problems = [];
        var finding = new Finding(Id(index));
        if ((await traces).Status is 404)
            problems.Add("keeps no recent traces and logs (Diagnostics:Enabled)");
        else
        {
            var recorded = NodeProbe.Parse(await traces, "/api/diagnostics/traces", WatchJson.Default.TracesAnswer, problems)?.Traces ?? [];
            finding.Traces = [.. recorded.OfType<TraceAnswer>()];
            var lines = NodeProbe.Parse(await logs, "/api/diagnostics/logs", WatchJson.Default.LogsAnswer, problems)?.Logs ?? [];
            finding.Logs = [.. lines.OfType<Dictionary<string, JsonElement>>().Take(MaxLogs).Select(line => Line(finding.Node, line))];
        }
        if ((await state).Status is not 404
            && NodeProbe.Parse(await state, "/api/messages", WatchJson.Default.MessageAnswer, problems) is { } known)
            finding.State = new MessageState(
                finding.Node, Shown.Bounded(known.To, 64), Shown.Bounded(known.State, 20), known.Attempts,
                (known.CompletedAt - known.AcceptedAt)?.TotalMilliseconds,
                known.Reason is null ? null : Shown.Bounded(known.Reason, MaxText), known.HeldBy);
        finding.Problems = [.. problems.Distinct().Select(problem => $"{probe.Name}: {problem}")];
        return finding;
    }

    private async Task<List<RecentMessage>> RecentAsync(int index, CancellationToken stop)
    {
        var query = string.Create(CultureInfo.InvariantCulture, $"api/diagnostics/traces?kind=recent&limit={RecentPerNode}");
        var answer = await probes[index].GetAsync(query, stop);
        var traces = NodeProbe.Parse(answer, "/api/diagnostics/traces", WatchJson.Default.TracesAnswer, [])?.Traces ?? [];
        return
        [
            .. traces.OfType<TraceAnswer>().SelectMany(trace => trace.Spans).OfType<SpanAnswer>()
                .Where(span => span.Name is "send_message" or "broadcast_message")
                .Where(span => IsId(Attribute(span, "message_id"))).Take(RecentPerNode)
                .Select(span => new RecentMessage(
                    Attribute(span, "message_id")!, Id(index), Attribute(span, "recipient"), span.StartedAt, span.DurationMs,
                    span.Status == "error")),
        ];
    }

    /// <summary>True for a message id.</summary>
    public static bool IsId(string? text) => text is { Length: 32 } && text.All(char.IsAsciiHexDigit);

    private static string? Attribute(SpanAnswer span, string name) =>
        span.Attributes?.GetValueOrDefault(name) is { } value ? Shown.Bounded(value, 64) : null;

    private static List<TrailSpan> View(List<(string Node, SpanAnswer Span)> spans)
    {
        var parents = spans.ToDictionary(one => one.Span.SpanId, one => one.Span.ParentSpanId, StringComparer.Ordinal);
        return
        [
            .. spans.Select(one => new TrailSpan(
                one.Node, Shown.Bounded(one.Span.Name, 64), Depth(parents, one.Span.SpanId),
                (one.Span.StartedAt - spans[0].Span.StartedAt).TotalMilliseconds,
                one.Span.DurationMs is >= 0 and <= 1e9 ? one.Span.DurationMs : 0, one.Span.Status == "error",
                (one.Span.Attributes ?? new Dictionary<string, string>()).Take(MaxFields)
                    .ToDictionary(pair => Shown.Bounded(pair.Key, 64), pair => Shown.Bounded(pair.Value, MaxText), StringComparer.Ordinal))),
        ];
    }

    // A node may name parents in a circle, so the depth is bounded.
    private static int Depth(Dictionary<string, string?> parents, string span)
    {
        const int deepest = 32;
        var depth = 0;
        while (depth < deepest && parents.GetValueOrDefault(span) is { } parent && parents.ContainsKey(parent))
            (span, depth) = (parent, depth + 1);
        return depth;
    }

    /// <summary>A span whose parent is on another node was caused by a message from there.</summary>
    private List<TrailHop> Hops(List<(string Node, SpanAnswer Span)> spans)
    {
        var byId = spans.ToDictionary(one => one.Span.SpanId, StringComparer.Ordinal);
        var hops = new Dictionary<(string, string), TrailHop>();
        double At(SpanAnswer span) => (span.StartedAt - spans[0].Span.StartedAt).TotalMilliseconds;
        foreach (var (node, span) in spans)
        {
            if (span.ParentSpanId is { } parent && byId.TryGetValue(parent, out var above) && above.Node != node)
                hops[(above.Node, node)] = new TrailHop(above.Node, node, Shown.Bounded(span.Name, 64), At(span));
        }
        foreach (var (node, span) in spans.Where(one => one.Span.Name is "send_to_peer" or "gossip_forward"))
        {
            if (Attribute(span, "peer") is { } address && IdOf(address) is { } peer && peer != node)
                hops.TryAdd((node, peer), new TrailHop(node, peer, Shown.Bounded(span.Name, 64), At(span)));
        }
        return [.. hops.Values.OrderBy(hop => hop.AtMs)];
    }

    private string? IdOf(string address)
    {
        for (var i = 0; i < probes.Count; i++)
        {
            if (probes[i].Readings.LastOrDefault(reading => reading.Node is not null)?.Node?.Address == address)
                return Id(i);
        }
        return null;
    }

    private static TrailLog Line(string node, Dictionary<string, JsonElement> line)
    {
        string Text(string name) =>
            line.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? Shown.Bounded(value.GetString(), MaxText) : "";
        var fields = line
            .Where(pair => !OwnFields.Contains(pair.Key) && pair.Value.ValueKind is JsonValueKind.String or JsonValueKind.Number).Take(MaxFields)
            .ToDictionary(pair => Shown.Bounded(pair.Key, 64), pair => Shown.Bounded(pair.Value.ToString(), MaxText), StringComparer.Ordinal);
        return new TrailLog(node, Text("timestamp"), Text("level"), Text("event"), Text("message"), fields);
    }

    private sealed class Finding(string node)
    {
        public string Node => node;

        public IReadOnlyList<TraceAnswer> Traces { get; set; } = [];

        public IReadOnlyList<TrailLog> Logs { get; set; } = [];

        public MessageState? State { get; set; }

        public IReadOnlyList<string> Problems { get; set; } = [];
    }
}
