using System.Globalization;
using System.Text.Json;

namespace Meshara.Lab.Drills.SlowLink;

/// <summary>The report of the drill <c>slow-link</c> (<c>--report</c>), written as JSON with these names in snake_case.</summary>
internal sealed record SlowLinkReport
{
    private const double MaxTimeRatio = 1.2;
    private const double MaxRepeatedShare = 0.02;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>True if everything arrived once and in time, with few messages sent twice and no connection lost.</summary>
    public bool Passed => Lost == 0 && Duplicates == 0 && TimeRatio <= MaxTimeRatio && RepeatedShare <= MaxRepeatedShare && ConnectionsLost == 0 && Failures.Count == 0;

    /// <summary>Bandwidth of the link in kB/s (1,000 bytes), in each direction.</summary>
    public required int KilobytesPerSecond { get; init; }

    /// <summary>One-way delay of the link in milliseconds.</summary>
    public required double DelayMs { get; init; }

    /// <summary>Messages sent, both directions together.</summary>
    public required int Sent { get; init; }

    /// <summary>Messages that their sender reports as acknowledged.</summary>
    public required int Acknowledged { get; init; }

    /// <summary>Messages that are in no inbox.</summary>
    public required int Lost { get; init; }

    /// <summary>Extra copies of messages found in inboxes.</summary>
    public required int Duplicates { get; init; }

    /// <summary>Time from the first message sent to the last acknowledgment.</summary>
    public required double Seconds { get; init; }

    /// <summary>Time that the link needs for the content alone.</summary>
    public required double NeededSeconds { get; init; }

    /// <summary><see cref="Seconds"/> divided by <see cref="NeededSeconds"/>.</summary>
    public double TimeRatio => Math.Round(Seconds / NeededSeconds, 3);

    /// <summary>Messages that crossed the link a second time, as a share of those sent.</summary>
    public required double RepeatedShare { get; init; }

    /// <summary>Bytes on the wire divided by content bytes, both directions together.</summary>
    public required double BytesRatio { get; init; }

    /// <summary>Connections that a node closed for any reason.</summary>
    public required double ConnectionsLost { get; init; }

    /// <summary>The longest smoothed heartbeat round trip that a node reported, in milliseconds; null if none was answered.</summary>
    public required double? MaxHeartbeatMs { get; init; }

    /// <summary>Failures of the nodes.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>The content of the file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>The result in one line.</summary>
    public string Summary() => string.Create(CultureInfo.InvariantCulture,
        $"slow-link {(Passed ? "passed" : "FAILED")}: {Acknowledged} of {Sent} acknowledged, {Lost} lost, {Duplicates} duplicates; {Seconds:0.0} s, {TimeRatio:0.00} times what the link needs"
        + $"; {RepeatedShare:0.0%} sent again, {BytesRatio:0.00} times the content on the wire; heartbeats up to {MaxHeartbeatMs ?? double.NaN:0} ms, {ConnectionsLost} connections lost");
}
