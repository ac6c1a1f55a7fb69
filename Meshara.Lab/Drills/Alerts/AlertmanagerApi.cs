using System.Net.Http.Json;
using System.Text.Json;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>The HTTP API of an Alertmanager, as far as the drills use it.</summary>
internal sealed class AlertmanagerApi(Uri address) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Where it listens.</summary>
    public Uri Address => address;

    /// <summary>True when it takes alerts.</summary>
    public Task<bool> IsReadyAsync(CancellationToken stop) => HttpProbe.IsOkAsync(_client, "-/ready", stop);

    /// <summary>What it knows to be firing of one alert.</summary>
    public async Task<IReadOnlyList<ActiveAlert>> AlertsAsync(string alert, CancellationToken stop)
    {
        var alerts = await _client.GetFromJsonAsync<JsonElement>($"api/v2/alerts?filter={Uri.EscapeDataString($"alertname=\"{alert}\"")}", stop);
        return [.. alerts.EnumerateArray().Select(found => new ActiveAlert(
            Labels.Read(found.GetProperty("labels")), IsFiring: true,
            found.GetProperty("status") is var status && status.GetProperty("state").GetString() == "suppressed" && status.GetProperty("inhibitedBy").GetArrayLength() > 0,
            [.. found.GetProperty("receivers").EnumerateArray().Select(receiver => receiver.GetProperty("name").GetString()!)]))];
    }

    /// <summary>Tells it of an alert, as <c>amtool alert add</c> does, or that the alert is over.</summary>
    public async Task AddAsync(Labels labels, bool isOver, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var alert = isOver ? new { labels = labels.Values, endsAt = DateTimeOffset.UtcNow } : (object)new { labels = labels.Values };
        using var answer = await _client.PostAsJsonAsync("api/v2/alerts", new[] { alert }, stop);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Has it read its configuration again; whether it likes it shows elsewhere.</summary>
    public async Task ReloadAsync(CancellationToken stop) => (await _client.PostAsync("-/reload", null, stop)).Dispose();

    public void Dispose() => _client.Dispose();
}
