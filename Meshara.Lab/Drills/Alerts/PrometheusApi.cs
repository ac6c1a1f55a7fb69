using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>A client for the parts of Prometheus's HTTP API that the drills use.</summary>
internal sealed class PrometheusApi(Uri address) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Its base address.</summary>
    public Uri Address => address;

    /// <summary>True if it answers queries.</summary>
    public Task<bool> IsReadyAsync(CancellationToken stop) => HttpProbe.IsOkAsync(_client, "-/ready", stop);

    /// <summary>All pending and firing alerts.</summary>
    public async Task<IReadOnlyList<ActiveAlert>> AlertsAsync(CancellationToken stop)
    {
        var data = await GetAsync("api/v1/alerts", stop);
        return [.. data.GetProperty("alerts").EnumerateArray().Select(alert => new ActiveAlert(
            Labels.Read(alert.GetProperty("labels")), alert.GetProperty("state").GetString() == "firing", IsSuppressed: false, []))];
    }

    /// <summary>The loaded alerting rules, by name.</summary>
    public async Task<IReadOnlyDictionary<string, AlertRule>> RulesAsync(CancellationToken stop)
    {
        var data = await GetAsync("api/v1/rules?type=alert", stop);
        return data.GetProperty("groups").EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray()).Select(rule => new AlertRule(
            rule.GetProperty("name").GetString()!, TimeSpan.FromSeconds(rule.GetProperty("duration").GetDouble()),
            rule.GetProperty("labels").GetProperty("severity").GetString()!)).ToDictionary(rule => rule.Alert);
    }

    /// <summary>The values of an instant query, with their labels.</summary>
    public async Task<IReadOnlyList<(Labels Labels, double Value)>> QueryAsync(string expression, CancellationToken stop)
    {
        var data = await GetAsync($"api/v1/query?query={Uri.EscapeDataString(expression)}", stop);
        return [.. data.GetProperty("result").EnumerateArray().Select(sample => (
            Labels.Read(sample.GetProperty("metric")), double.Parse(sample.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture)))];
    }

    /// <summary>Reloads its configuration. Does not check whether the configuration is valid.</summary>
    public async Task ReloadAsync(CancellationToken stop) => (await _client.PostAsync("-/reload", null, stop)).Dispose();

    public void Dispose() => _client.Dispose();

    private async Task<JsonElement> GetAsync(string path, CancellationToken stop) =>
        (await _client.GetFromJsonAsync<JsonElement>(path, stop)).GetProperty("data");
}
