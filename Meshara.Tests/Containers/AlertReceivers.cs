using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Meshara.Tests.Containers;

/// <summary>
/// The receivers of Alertmanager's notifications: a webhook, PagerDuty's Events API v2 and a mail server. They run on this machine, and
/// containers reach them through their engine's gateway.
/// </summary>
internal sealed class AlertReceivers : IAsyncDisposable
{
    private readonly WebApplication _http;
    private readonly MailServer _mail;

    private AlertReceivers(WebApplication http, MailServer mail) => (_http, _mail) = (http, mail);

    /// <summary>The port of the webhook (<c>/webhook</c>) and of PagerDuty (<c>/v2/enqueue</c>).</summary>
    public int HttpPort => new Uri(_http.Urls.First()).Port;

    /// <summary>The port of the mail server.</summary>
    public int SmtpPort => _mail.Port;

    /// <summary>The routing key of PagerDuty's only service.</summary>
    public string RoutingKey { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>The password that the mail server requires.</summary>
    public string Password => _mail.Password;

    /// <summary>The bodies of the webhook's requests.</summary>
    public ConcurrentQueue<JsonElement> Webhooks { get; } = new();

    /// <summary>The events that PagerDuty accepted.</summary>
    public ConcurrentQueue<JsonElement> Pages { get; } = new();

    /// <summary>The mails, as received.</summary>
    public IReadOnlyCollection<string> Mails => _mail.Mails;

    /// <summary>The alert that a page is about; null if the page resolves an alert.</summary>
    public static string? Class(JsonElement page) => page.TryGetProperty("payload", out var payload) ? payload.GetProperty("class").GetString() : null;

    /// <summary>Starts all three on free ports.</summary>
    public static async Task<AlertReceivers> StartAsync(CancellationToken test)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://0.0.0.0:0");
        var receivers = new AlertReceivers(builder.Build(), new MailServer());
        receivers._http.MapPost("/webhook", (JsonElement body) => receivers.Webhooks.Enqueue(body.Clone()));
        receivers._http.MapPost("/v2/enqueue", receivers.Page);
        await receivers._http.StartAsync(test);
        receivers._mail.Start();
        return receivers;
    }

    public async ValueTask DisposeAsync()
    {
        await _http.DisposeAsync();
        await _mail.DisposeAsync();
    }

    // developer.pagerduty.com/docs/events-api-v2: 202 for an event of a known service with all required fields, otherwise 400.
    private IResult Page(JsonElement body)
    {
        var isTaken = Text(body, "routing_key") == RoutingKey
            && Text(body, "event_action") is "trigger" or "resolve"
            && Text(body, "dedup_key") is { Length: > 0 and <= 255 } key
            && (Text(body, "event_action") == "resolve" || (body.TryGetProperty("payload", out var payload)
                && Text(payload, "summary") is { Length: > 0 and <= 1024 }
                && Text(payload, "source") is { Length: > 0 }
                && Text(payload, "severity") is "critical" or "error" or "warning" or "info"));
        if (!isTaken)
            return Results.BadRequest(new { status = "invalid event" });
        Pages.Enqueue(body.Clone());
        return Results.Json(new { status = "success", message = "Event processed", dedup_key = Text(body, "dedup_key") }, statusCode: StatusCodes.Status202Accepted);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
