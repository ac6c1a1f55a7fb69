using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Meshara.Lab.Drills.Hostile;
using Meshara.Lab.Drills.Wan;

namespace Meshara.Lab.Drills;

/// <summary>The report of a drill (<c>--report</c>), written as JSON with these names in snake_case.</summary>
internal sealed record DrillReport
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Name of the drill.</summary>
    public required string Drill { get; init; }

    /// <summary>True if no message was lost, duplicated or misdelivered, and no failure was recorded.</summary>
    public bool Passed => Lost == 0 && Duplicates == 0 && Strays == 0 && Failures.Count == 0;

    /// <summary>Number of nodes.</summary>
    public required int Nodes { get; init; }

    /// <summary>Target rate in messages per second.</summary>
    public required double Rate { get; init; }

    /// <summary>Seed of the random choices.</summary>
    public required int Seed { get; init; }

    /// <summary>How long messages were sent.</summary>
    public required double Seconds { get; init; }

    /// <summary>Messages handed to a node, including failed attempts.</summary>
    public required long Sent { get; init; }

    /// <summary>Messages whose id was returned.</summary>
    public required long Accepted { get; init; }

    /// <summary>Accepted messages in their recipient's inbox.</summary>
    public required long Delivered { get; init; }

    /// <summary>Extra copies of messages found in inboxes.</summary>
    public long Duplicates => DuplicateIds.Count;

    /// <summary>Accepted messages that their sender reports as expired.</summary>
    public required long Expired { get; init; }

    /// <summary>Accepted messages that were neither delivered nor expired.</summary>
    public long Lost => LostMessages.Count;

    /// <summary>Time from the end of the last fault until all messages accepted before were delivered; null if one never was.</summary>
    public double? RecoverySeconds => Events.Count > 0 ? Events[^1].RecoverySeconds : 0;

    /// <summary>The longest recovery of all faults; null if one did not recover.</summary>
    public double? MaxRecoverySeconds => Events.Any(fault => fault.RecoverySeconds is null) ? null : Events.Max(fault => fault.RecoverySeconds) ?? 0;

    /// <summary>
    /// The longest time from the end of a fault until all nodes had the same view of live members; null if it was not measured.
    /// </summary>
    public double? MaxAgreedSeconds => Events.Max(fault => fault.AgreedSeconds);

    /// <summary>Messages a node refused, by status code; <c>unreachable</c> if it did not listen.</summary>
    public required IReadOnlyDictionary<string, long> Refused { get; init; }

    /// <summary>Messages that were due while no node could take any.</summary>
    public required long Unsent { get; init; }

    /// <summary>Messages whose node ended before it answered.</summary>
    public required long Unknown { get; init; }

    /// <summary>How many of those were delivered.</summary>
    public required long UnknownDelivered { get; init; }

    /// <summary>Messages delivered although refused, to or from the wrong node, or under another id.</summary>
    public long Strays => StrayIds.Count;

    /// <summary>Messages delivered after the last fault although their sender was already gone for good.</summary>
    public required int Orphaned { get; init; }

    /// <summary>Unacknowledged messages that the nodes still held at the end; null if one did not answer.</summary>
    public required long? Pending { get; init; }

    /// <summary>Node failures that no fault excuses, and goals that the drill missed.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>What each attack did; only in the drill <c>hostile</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<AttackReport>? Attacks { get; init; }

    /// <summary>Measurements of the network; only in the drill <c>wan</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WanReport? Network { get; init; }

    /// <summary>The faults, and how the mesh recovered from each.</summary>
    public required IReadOnlyList<EventReport> Events { get; init; }

    /// <summary>Ids of <see cref="Lost"/>.</summary>
    public IReadOnlyList<string> LostIds => [.. LostMessages.Select(message => message.Id)];

    /// <summary>Ids of <see cref="Duplicates"/>.</summary>
    public required IReadOnlyList<string> DuplicateIds { get; init; }

    /// <summary>Ids of <see cref="Strays"/>.</summary>
    public required IReadOnlyList<string> StrayIds { get; init; }

    /// <summary>Details of <see cref="LostIds"/>.</summary>
    public required IReadOnlyList<LostMessage> LostMessages { get; init; }

    /// <summary>The content of the file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>The result in one line.</summary>
    public string Summary() => string.Create(CultureInfo.InvariantCulture,
        $"{Drill} {(Passed ? "passed" : "FAILED")}: {Accepted} accepted, {Delivered} delivered, {Duplicates} duplicates, {Expired} expired, {Lost} lost"
        + $"; {Refused.Values.Sum()} refused, {Unknown} without an answer; recovery {Text(RecoverySeconds)}, at most {Text(MaxRecoverySeconds)}"
        + $"{(MaxAgreedSeconds is { } agreed ? $"; views agree after at most {Text(agreed)}" : "")}"
        + $"{(Strays > 0 ? $"; {Strays} astray" : "")}{(Failures.Count > 0 ? $"; {Failures.Count} failures of nodes" : "")}");

    private static string Text(double? seconds) => seconds is { } value ? value.ToString("0.0 s", CultureInfo.InvariantCulture) : "never";
}
