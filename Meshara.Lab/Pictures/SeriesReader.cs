using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Meshara.Harness;

namespace Meshara.Lab.Pictures;

/// <summary>Sends Grafana's queries to Prometheus.</summary>
internal sealed class SeriesReader(Uri prometheus) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = prometheus };

    /// <summary>The result of an instant query.</summary>
    public Task<IReadOnlyList<Series>> ReadAsync(string query, DateTimeOffset at, CancellationToken stop) => GetAsync(
        string.Create(CultureInfo.InvariantCulture, $"query?query={Uri.EscapeDataString(query)}&time={at.ToUnixTimeSeconds()}"), stop);

    /// <summary>The result of a range query.</summary>
    public Task<IReadOnlyList<Series>> ReadAsync(string query, DateTimeOffset from, DateTimeOffset to, TimeSpan step, CancellationToken stop) => GetAsync(
        string.Create(CultureInfo.InvariantCulture, $"query_range?query={Uri.EscapeDataString(query)}&start={from.ToUnixTimeSeconds()}&end={to.ToUnixTimeSeconds()}&step={step.TotalSeconds}"), stop);

    public void Dispose() => _http.Dispose();

    private async Task<IReadOnlyList<Series>> GetAsync(string path, CancellationToken stop)
    {
        JsonElement answer;
        try
        {
            using var response = await _http.GetAsync(new Uri($"/api/v1/{path}", UriKind.Relative), stop);
            answer = await response.Content.ReadFromJsonAsync<JsonElement>(stop);
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException)
        {
            throw new StackException($"{prometheus} does not answer as Prometheus does: {exception.Message}");
        }

        return answer.GetProperty("status").GetString() == "success"
            ? [.. answer.GetProperty("data").GetProperty("result").EnumerateArray().Select(Parse)]
            : throw new StackException($"Prometheus refuses a query: {answer.GetProperty("error").GetString()}");
    }

    private static Series Parse(JsonElement series) => new(
        series.GetProperty("metric").EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!),
        series.TryGetProperty("values", out var values) ? [.. values.EnumerateArray().Select(Point)] : [Point(series.GetProperty("value"))]);

    // [1435781430.781, "1"]
    private static (DateTimeOffset, double) Point(JsonElement sample) => (
        DateTimeOffset.FromUnixTimeMilliseconds((long)(sample[0].GetDouble() * 1000)),
        double.TryParse(sample[1].GetString(), CultureInfo.InvariantCulture, out var value) ? value : double.NaN);
}
