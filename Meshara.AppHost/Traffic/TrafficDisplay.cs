using System.Collections.Immutable;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Meshara.AppHost.Servers;
using Meshara.Harness.Traffic;
using Microsoft.Extensions.Logging;

namespace Meshara.AppHost.Traffic;

/// <summary>Shows traffic in the dashboard: in the resource's state, properties and log.</summary>
internal sealed partial class TrafficDisplay(
    TrafficResource resource, TrafficControl control, ResourceNotificationService notifications, ResourceLoggerService loggers)
{
    private readonly ILogger _log = loggers.GetLogger(resource);

    /// <summary>Shows the counts so far.</summary>
    public Task ShowAsync(TrafficCounts counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        var (perSecond, _) = control.Current;
        var sending = string.Create(CultureInfo.InvariantCulture, $"Sending, {counts.Delivered} of {counts.Sent} delivered");
        var state = perSecond > 0
            ? new ResourceStateSnapshot(sending, KnownResourceStateStyles.Success)
            : new ResourceStateSnapshot("Stopped", KnownResourceStateStyles.Info);
        return notifications.PublishUpdateAsync(resource, snapshot => snapshot with
        {
            State = state,
            StartTimeStamp = snapshot.StartTimeStamp ?? DateTime.UtcNow,
            Properties = Properties(counts),
        });
    }

    /// <summary>Writes a line to the resource's log.</summary>
    public void Log(string line) => Line(_log, line);

    private ImmutableArray<ResourcePropertySnapshot> Properties(TrafficCounts counts) =>
    [
        new(CustomResourceKnownProperties.Source, string.Create(
            CultureInfo.InvariantCulture, $"{control.Rate} messages a second between random nodes")),
        ResourceProperties.Shown("traffic.sent", "Sent", counts.Sent),
        ResourceProperties.Shown("traffic.delivered", "Delivered", counts.Delivered),
        ResourceProperties.Shown("traffic.failed", "Failed", counts.Failed),
        ResourceProperties.Shown("traffic.p50", "Latency p50", Milliseconds(counts.P50Ms)),
        ResourceProperties.Shown("traffic.p99", "Latency p99", Milliseconds(counts.P99Ms)),
        ResourceProperties.Shown("traffic.broadcasts", "Broadcasts", counts.Broadcasts),
    ];

    private static string Milliseconds(double? value) =>
        value is { } ms ? string.Create(CultureInfo.InvariantCulture, $"{ms:0.0} ms") : "-";

    [LoggerMessage(Level = LogLevel.Information, Message = "{Line}", EventName = "Traffic")]
    private static partial void Line(ILogger log, string line);
}
