using System.Globalization;
using System.Text.Json;

namespace Meshara.Lab.Drills.SlowLink;

/// <summary>What the drill <c>slow-link</c> found (<c>--report</c>), written as JSON with these names in snake_case.</summary>
internal sealed record SlowLinkReport
{
    private const double MaxTimeRatio = 1.2;
    private const double MaxRepeatedShare = 0.02;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>True when everything arrived once, in time, with hardly a message sent twice and no connection given up.</summary>
    public bool Passed => Lost == 0 && Duplicates == 0 && TimeRatio <= MaxTimeRatio && RepeatedShare <= MaxRepeatedShare && ConnectionsLost == 0 && Failures.Count == 0;

    /// <summary>Thousands of bytes a second that the link carries in each direction.</summary>
    public required int KilobytesPerSecond { get; init; }

    /// <summary>One-way delay of the link in milliseconds.</summary>
    public required double DelayMs { get; init; }

    /// <summary>Messages sent, both ways together.</summary>
    public required int Sent { get; init; }

    /// <summary>Messages that their sender reports acknowledged.</summary>
    public required int Acknowledged { get; init; }

    /// <summary>Messages that are in no inbox.</summary>
    public required int Lost { get; init; }

    /// <summary>Messages found in an inbox once too often.</summary>
    public required int Duplicates { get; init; }

    /// <summary>From the first message sent to the last acknowledgment.</summary>
    public required double Seconds { get; init; }

    /// <summary>What the link needs for the content alone.</summary>
    public required double NeededSeconds { get; init; }

    /// <summary><see cref="Seconds"/> divided by <see cref="NeededSeconds"/>.</summary>
    public double TimeRatio => Math.Round(Seconds / NeededSeconds, 3);

    /// <summary>Messages that came over the link a second time, as a part of those sent.</summary>
    public required double RepeatedShare { get; init; }

    /// <summary>Bytes on the wire divided by the content, both ways together.</summary>
    public required double BytesRatio { get; init; }

    /// <summary>Connections that a node gave up for whatever reason.</summary>
    public required double ConnectionsLost { get; init; }

    /// <summary>The longest smoothed round trip of a heartbeat that a node reported meanwhile, in milliseconds; null when none was answered.</summary>
    public required double? MaxHeartbeatMs { get; init; }

    /// <summary>What a node did that it must not.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>As the file holds it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>In a line.</summary>
    public string Summary() => string.Create(CultureInfo.InvariantCulture,
        $"slow-link {(Passed ? "passed" : "FAILED")}: {Acknowledged} of {Sent} acknowledged, {Lost} lost, {Duplicates} duplicates; {Seconds:0.0} s, {TimeRatio:0.00} times what the link needs"
        + $"; {RepeatedShare:0.0%} sent again, {BytesRatio:0.00} times the content on the wire; heartbeats up to {MaxHeartbeatMs ?? double.NaN:0} ms, {ConnectionsLost} connections lost");
}
