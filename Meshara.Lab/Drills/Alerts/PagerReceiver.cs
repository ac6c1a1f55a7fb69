using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>
/// Accepts events as PagerDuty does (Events API v2, developer.pagerduty.com/docs/events-api-v2): 202 for an event with the routing key
/// of its service, 400 for one that lacks a required field.
/// </summary>
internal sealed class PagerReceiver(string routingKey, NotificationLog log, TimeProvider time) : IAsyncDisposable
{
    private static readonly string[] Severities = ["critical", "error", "warning", "info"];
    private readonly WebApplication _app = Build();

    /// <summary>The value of <c>pagerduty_url</c>.</summary>
    public string Url => $"{_app.Urls.First()}/v2/enqueue";

    /// <summary>True to reject every routing key.</summary>
    public bool IsRefusing { get; set; }

    /// <summary>Starts to listen.</summary>
    public Task StartAsync(CancellationToken stop)
    {
        _app.MapPost("/v2/enqueue", (Delegate)TakeAsync);
        return _app.StartAsync(stop);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        return builder.Build();
    }

    private async Task<IResult> TakeAsync(HttpContext context)
    {
        var at = time.GetUtcNow();
        using var document = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
        var problems = Problems(document.RootElement);
        if (problems.Count > 0)
            return Results.Json(new { status = "invalid event", message = "Event object is invalid", errors = problems }, statusCode: StatusCodes.Status400BadRequest);
        var notification = Read(document.RootElement, at);
        log.Add(notification);
        return Results.Json(new { status = "success", message = "Event processed", dedup_key = notification.Group }, statusCode: StatusCodes.Status202Accepted);
    }

    private List<string> Problems(JsonElement pagerEvent)
    {
        var problems = new List<string>();
        void Demand(bool isGood, string problem)
        {
            if (!isGood)
                problems.Add(problem);
        }

        Demand(Text(pagerEvent, "routing_key") == routingKey && !IsRefusing, "'routing_key' is not one of this account's services");
        var action = Text(pagerEvent, "event_action");
        Demand(action is "trigger" or "acknowledge" or "resolve", "'event_action' is missing or unknown");
        Demand(action == "trigger" || Text(pagerEvent, "dedup_key") is not null, "'dedup_key' is missing");
        if (action != "trigger")
            return problems;
        var payload = pagerEvent.TryGetProperty("payload", out var found) ? found : default;
        Demand(Text(payload, "summary") is { Length: > 0 and <= 1024 }, "'payload.summary' is missing or too long");
        Demand(Text(payload, "source") is { Length: > 0 }, "'payload.source' is missing");
        Demand(Severities.Contains(Text(payload, "severity")), "'payload.severity' is missing or unknown");
        return problems;
    }

    private static Notification Read(JsonElement pagerEvent, DateTimeOffset at)
    {
        var payload = pagerEvent.GetProperty("payload");
        var details = payload.GetProperty("custom_details");
        var firing = $"{Text(details, "num_firing")} {Text(payload, "component")} {Text(payload, "group")} {Text(payload, "severity")}";
        return new Notification(Channel.Pager, Text(payload, "class") ?? "", Text(pagerEvent, "event_action") == "trigger",
            Text(pagerEvent, "dedup_key") ?? "", firing, pagerEvent.GetRawText(), at);
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
