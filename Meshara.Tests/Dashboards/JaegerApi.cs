using System.Net.Http.Json;
using System.Text.Json;

namespace Meshara.Tests.Dashboards;

/// <summary>The API that Jaeger's own UI uses: https://www.jaegertracing.io/docs/latest/architecture/apis/.</summary>
internal sealed class JaegerApi(HttpClient http)
{
    /// <summary>The newest traces with a tag.</summary>
    public async Task<IReadOnlyList<JsonElement>> TracesAsync(string tag, string value, CancellationToken test)
    {
        var tags = JsonSerializer.Serialize(new Dictionary<string, string> { [tag] = value });
        return await SearchAsync($"api/traces?service=meshara&limit=20&lookback=1h&tags={Uri.EscapeDataString(tags)}", test);
    }

    /// <summary>The traces that a search finds.</summary>
    /// <param name="request">Path and query.</param>
    /// <param name="test">The test's token.</param>
    public async Task<IReadOnlyList<JsonElement>> SearchAsync(string request, CancellationToken test) => [.. (await GetAsync(request, test)).GetProperty("data").EnumerateArray()];

    /// <summary>A trace by its id; null if there is none.</summary>
    public async Task<JsonElement?> TraceAsync(string id, CancellationToken test)
    {
        using var answer = await http.GetAsync($"api/traces/{Uri.EscapeDataString(id)}", test);
        return answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<JsonElement>(test)).GetProperty("data")[0] : null;
    }

    /// <summary>True if a graph of the Monitor tab has a value above zero.</summary>
    /// <param name="metric">The graph: <c>calls</c>, <c>latencies</c> or <c>errors</c>.</param>
    /// <param name="test">The test's token.</param>
    public async Task<bool> HasPointsAsync(string metric, CancellationToken test)
    {
        var path = $"api/metrics/{metric}?service=meshara&spanKind=producer&groupByOperation=true&endTs={DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()}"
            + $"&lookback=300000&step=5000&ratePer=60000{(metric == "latencies" ? "&quantile=0.95" : "")}";
        return (await GetAsync(path, test)).GetProperty("metrics").EnumerateArray()
            .SelectMany(series => series.GetProperty("metricPoints").EnumerateArray())
            .Any(point => point.GetProperty("gaugeValue").TryGetProperty("doubleValue", out var value) && value.ValueKind == JsonValueKind.Number && value.GetDouble() > 0);
    }

    /// <summary>The nodes in a trace: they are its processes, and their names are among the processes' tags.</summary>
    public static IReadOnlySet<string> NodesOf(JsonElement trace) => trace.GetProperty("processes").EnumerateObject()
        .SelectMany(process => process.Value.GetProperty("tags").EnumerateArray())
        .Where(tag => tag.GetProperty("key").GetString() == "meshara.node.name")
        .Select(tag => tag.GetProperty("value").GetString()!)
        .ToHashSet(StringComparer.Ordinal);

    /// <summary>Names of the spans of a trace.</summary>
    public static IReadOnlySet<string> Operations(JsonElement trace) =>
        trace.GetProperty("spans").EnumerateArray().Select(span => span.GetProperty("operationName").GetString()!).ToHashSet(StringComparer.Ordinal);

    private Task<JsonElement> GetAsync(string path, CancellationToken test) => http.GetFromJsonAsync<JsonElement>(path, test);
}
