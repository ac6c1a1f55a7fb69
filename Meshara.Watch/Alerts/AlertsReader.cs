using System.Text.Json;
using Meshara.Watch.Nodes;

namespace Meshara.Watch.Alerts;

/// <summary>Reads the active alerts from Prometheus, and from Alertmanager which of them are silenced or inhibited.</summary>
internal sealed class AlertsReader(Uri? prometheus, Uri? alertmanager, TimeProvider time) : IDisposable
{
    /// <summary>The problem where none is expected to run.</summary>
    public const string NoPrometheus = "No Prometheus runs";

    private const int MaxAlerts = 200, MaxName = 100, MaxText = 1000;

    private static readonly string[] States = ["firing", "pending", "silenced"];

    private readonly BoundedClient _client = new(token: null, time);

    /// <summary>What is known before the first reading.</summary>
    public static AlertsView Nothing(Uri? prometheus) => new(prometheus is null ? NoPrometheus : "Prometheus was not asked yet", []);

    /// <summary>Reads them once.</summary>
    public async Task<AlertsView> ReadAsync(CancellationToken stop)
    {
        if (prometheus is null)
            return Nothing(null);
        var answer = await _client.GetAsync(new Uri(prometheus, "api/v1/alerts"), stop);
        List<string> problems = [];
        if (NodeProbe.Parse(answer, "/api/v1/alerts", WatchJson.Default.PrometheusAnswer, problems) is not { Data.Alerts: var alerts })
            return new AlertsView($"Prometheus: {problems[0]}", []);
        var silenced = alertmanager is null ? [] : await SilencedAsync(alertmanager, stop);
        return new AlertsView(null,
        [
            .. alerts.OfType<PrometheusAlert>().Take(MaxAlerts).Select(alert => View(alert, silenced))
                .OrderBy(alert => Array.IndexOf(States, alert.State)).ThenBy(alert => alert.Name, StringComparer.Ordinal),
        ]);
    }

    public void Dispose() => _client.Dispose();

    // If Alertmanager does not answer, the alerts are shown as Prometheus has them.
    private async Task<IReadOnlyList<IReadOnlyDictionary<string, string>>> SilencedAsync(Uri server, CancellationToken stop)
    {
        var answer = await _client.GetAsync(new Uri(server, "api/v2/alerts?active=false&silenced=true&inhibited=true"), stop);
        var alerts = NodeProbe.Parse(answer, "/api/v2/alerts", WatchJson.Default.ListAlertmanagerAlert, []) ?? [];
        return [.. alerts.OfType<AlertmanagerAlert>().Where(alert => alert.Status.State == "suppressed").Select(alert => alert.Labels)];
    }

    private static AlertView View(PrometheusAlert alert, IReadOnlyList<IReadOnlyDictionary<string, string>> silenced)
    {
        // Alertmanager has Prometheus' external labels besides.
        var isSilenced = silenced.Any(labels => alert.Labels.All(label => labels.GetValueOrDefault(label.Key) == label.Value));
        string Text(IReadOnlyDictionary<string, string> from, string key, int limit) => Shown.Bounded(from.GetValueOrDefault(key), limit);
        var name = Text(alert.Labels, "alertname", MaxName);
        return new AlertView(
            name, isSilenced ? "silenced" : Shown.Bounded(alert.State, MaxName), Text(alert.Labels, "severity", MaxName),
            alert.Labels.ContainsKey("node") ? Text(alert.Labels, "node", MaxName) : null, Text(alert.Annotations, "summary", MaxText),
            Text(alert.Annotations, "description", MaxText), alert.ActiveAt, Runbooks.Has(name));
    }
}

/// <summary><c>/api/v1/alerts</c> of Prometheus.</summary>
internal sealed record PrometheusAnswer(PrometheusAlerts Data);

/// <summary>Its member <c>data</c>.</summary>
internal sealed record PrometheusAlerts(IReadOnlyList<PrometheusAlert> Alerts);

/// <summary>One of Prometheus' alerts.</summary>
internal sealed record PrometheusAlert(
    IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations, string State,
    [property: System.Text.Json.Serialization.JsonPropertyName("activeAt")] DateTimeOffset ActiveAt);

/// <summary>One of <c>/api/v2/alerts</c> of Alertmanager.</summary>
internal sealed record AlertmanagerAlert(IReadOnlyDictionary<string, string> Labels, AlertmanagerStatus Status);

/// <summary>Its member <c>status</c>.</summary>
internal sealed record AlertmanagerStatus(string State);
