using System.Net;
using System.Net.Http.Json;
using Meshara.Lab.Drills.Alerts;

namespace Meshara.Tests.Alerts;

/// <summary>The drills' pager rejects what PagerDuty would reject; otherwise a wrong configuration would pass.</summary>
public sealed class ReceiverTests : IAsyncLifetime
{
    private const string Key = "the-key-of-this-test";

    private readonly NotificationLog _log = new();
    private readonly PagerReceiver _pager;
    private readonly HttpClient _client = new();

    public ReceiverTests() => _pager = new PagerReceiver(Key, _log, TimeProvider.System);

    private static CancellationToken Test => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _pager.StartAsync(Test);

    [Fact]
    public async Task An_event_is_taken_with_what_identifies_it()
    {
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(Event()));
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync(Event() with { event_action = "resolve" }));

        Assert.Equal([("NodeDown", "dedup", true), ("NodeDown", "dedup", false)], _log.All.Select(note => (note.Alert, note.Group, note.IsFiring)));
    }

    [Fact]
    public async Task Another_services_key_is_refused() => await RefusedAsync(Event() with { routing_key = "another" });

    [Fact]
    public async Task An_unknown_action_is_refused() => await RefusedAsync(Event() with { event_action = "trigr" });

    [Fact]
    public async Task A_severity_that_pagerduty_does_not_have_is_refused() =>
        await RefusedAsync(Event() with { payload = Event().payload with { severity = "none" } });

    [Fact]
    public async Task An_event_without_a_summary_is_refused() => await RefusedAsync(Event() with { payload = Event().payload with { summary = "" } });

    [Fact]
    public async Task A_resolution_of_nothing_is_refused() => await RefusedAsync(Event() with { event_action = "resolve", dedup_key = null });

    public async ValueTask DisposeAsync()
    {
        await _pager.DisposeAsync();
        _client.Dispose();
    }

    private async Task RefusedAsync(PagerEvent pagerEvent)
    {
        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync(pagerEvent));
        Assert.Empty(_log.All);
    }

    private async Task<HttpStatusCode> SendAsync(PagerEvent pagerEvent)
    {
        using var answer = await _client.PostAsJsonAsync(_pager.Url, pagerEvent, Test);
        return answer.StatusCode;
    }

    private static PagerEvent Event() => new(Key, "trigger", "dedup",
        new Payload("Node node-3 is down", "Alertmanager", "critical", "NodeDown", "node-3", "local", new Dictionary<string, string> { ["num_firing"] = "1" }));

    private sealed record PagerEvent(string routing_key, string event_action, string? dedup_key, Payload payload);

    private sealed record Payload(string summary, string source, string severity, string @class, string component, string group, Dictionary<string, string> custom_details);
}
