using System.Net.Http.Json;
using System.Text.Json;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>A client for the parts of Alertmanager's HTTP API that the drills use.</summary>
internal sealed class AlertmanagerApi(Uri address) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Its base address.</summary>
    public Uri Address => address;

    /// <summary>True if it is ready to take alerts.</summary>
    public Task<bool> IsReadyAsync(CancellationToken stop) => HttpProbe.IsOkAsync(_client, "-/ready", stop);

    /// <summary>The firing alerts with this name.</summary>
    public async Task<IReadOnlyList<ActiveAlert>> AlertsAsync(string alert, CancellationToken stop)
    {
        var alerts = await _client.GetFromJsonAsync<JsonElement>($"api/v2/alerts?filter={Uri.EscapeDataString($"alertname=\"{alert}\"")}", stop);
        return [.. alerts.EnumerateArray().Select(found => new ActiveAlert(
            Labels.Read(found.GetProperty("labels")), IsFiring: true,
            found.GetProperty("status") is var status && status.GetProperty("state").GetString() == "suppressed" && status.GetProperty("inhibitedBy").GetArrayLength() > 0,
            [.. found.GetProperty("receivers").EnumerateArray().Select(receiver => receiver.GetProperty("name").GetString()!)]))];
    }

    /// <summary>Posts an alert as firing or resolved, as <c>amtool alert add</c> does.</summary>
    public async Task AddAsync(Labels labels, bool isOver, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var alert = isOver ? new { labels = labels.Values, endsAt = DateTimeOffset.UtcNow } : (object)new { labels = labels.Values };
        using var answer = await _client.PostAsJsonAsync("api/v2/alerts", new[] { alert }, stop);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Reloads its configuration. Does not check whether the configuration is valid.</summary>
    public async Task ReloadAsync(CancellationToken stop) => (await _client.PostAsync("-/reload", null, stop)).Dispose();

    public void Dispose() => _client.Dispose();
}
