using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Meshara.Tests.Dashboards;

/// <summary>The Prometheus API that Grafana uses: https://prometheus.io/docs/prometheus/latest/querying/api/.</summary>
internal sealed class PrometheusApi(Uri url) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>True if the query currently yields at least one number.</summary>
    public async Task<bool> HasDataAsync(string query, CancellationToken test) =>
        Result(await GetAsync("query", test, ("query", query))).Any(series => IsNumber(series.GetProperty("value")));

    /// <summary>True if the query yields at least one number in a time range.</summary>
    public async Task<bool> HasDataAsync(string query, DateTimeOffset from, TimeSpan step, CancellationToken test)
    {
        var data = await GetAsync("query_range", test, ("query", query), ("start", Seconds(from)), ("end", Seconds(DateTimeOffset.UtcNow)), ("step", step.TotalSeconds.ToString(CultureInfo.InvariantCulture)));
        return Result(data).Any(series => series.GetProperty("values").EnumerateArray().Any(IsNumber));
    }

    /// <summary>Trace ids of the exemplars of the query's series.</summary>
    public async Task<IReadOnlyList<string>> ExemplarsAsync(string query, DateTimeOffset from, CancellationToken test)
    {
        var data = await GetAsync("query_exemplars", test, ("query", query), ("start", Seconds(from)), ("end", Seconds(DateTimeOffset.UtcNow)));
        return [.. data.EnumerateArray().SelectMany(series => series.GetProperty("exemplars").EnumerateArray()).Select(exemplar => exemplar.GetProperty("labels").GetProperty("trace_id").GetString()!)];
    }

    /// <summary>Values of a label in the matching series.</summary>
    public async Task<IReadOnlyList<string>> LabelValuesAsync(string label, string? match, CancellationToken test) =>
        [.. (await GetAsync($"label/{label}/values", test, match is null ? [] : [("match[]", match)])).EnumerateArray().Select(value => value.GetString()!)];

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement> GetAsync(string path, CancellationToken test, params (string Name, string Value)[] parameters)
    {
        var query = string.Join('&', parameters.Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value)}"));
        using var response = await _http.GetAsync(new Uri($"/api/v1/{path}?{query}", UriKind.Relative), test);
        var answer = await response.Content.ReadAsStringAsync(test);
        Assert.False(response.StatusCode == HttpStatusCode.BadRequest, $"{string.Join(' ', parameters)}: {answer}");
        response.EnsureSuccessStatusCode();
        return JsonSerializer.Deserialize<JsonElement>(answer).GetProperty("data");
    }

    private static JsonElement.ArrayEnumerator Result(JsonElement data) => data.GetProperty("result").EnumerateArray();

    // [1435781430.781, "1"]; the quantile of an empty set is NaN, which Grafana does not draw.
    private static bool IsNumber(JsonElement sample) => double.IsFinite(double.Parse(sample[1].GetString()!.Replace("Inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture));

    private static string Seconds(DateTimeOffset time) => (time.ToUnixTimeMilliseconds() / 1000.0).ToString(CultureInfo.InvariantCulture);
}
