using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Meshara.Lab.Drills.Hostile;
using Meshara.Lab.Drills.Wan;

namespace Meshara.Lab.Drills;

/// <summary>What a drill found (<c>--report</c>), written as JSON with these names in snake_case.</summary>
internal sealed record DrillReport
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    /// <summary>Name of the drill.</summary>
    public required string Drill { get; init; }

    /// <summary>True when nothing was lost, doubled or astray and every node came through.</summary>
    public bool Passed => Lost == 0 && Duplicates == 0 && Strays == 0 && Failures.Count == 0;

    /// <summary>Nodes of the mesh.</summary>
    public required int Nodes { get; init; }

    /// <summary>Messages a second asked for.</summary>
    public required double Rate { get; init; }

    /// <summary>Seed of the random choices.</summary>
    public required int Seed { get; init; }

    /// <summary>How long messages were sent.</summary>
    public required double Seconds { get; init; }

    /// <summary>Messages handed to a node, or tried to.</summary>
    public required long Sent { get; init; }

    /// <summary>Messages whose id was returned.</summary>
    public required long Accepted { get; init; }

    /// <summary>Accepted messages in their recipient's inbox.</summary>
    public required long Delivered { get; init; }

    /// <summary>Messages found in an inbox once too often.</summary>
    public long Duplicates => DuplicateIds.Count;

    /// <summary>Accepted messages that their sender reports expired.</summary>
    public required long Expired { get; init; }

    /// <summary>Accepted messages that are neither delivered nor expired.</summary>
    public long Lost => LostMessages.Count;

    /// <summary>From the end of the last fault until everything accepted before was delivered; null when something never was.</summary>
    public double? RecoverySeconds => Events.Count > 0 ? Events[^1].RecoverySeconds : 0;

    /// <summary>The longest recovery of all faults; null when one has none.</summary>
    public double? MaxRecoverySeconds => Events.Any(fault => fault.RecoverySeconds is null) ? null : Events.Max(fault => fault.RecoverySeconds) ?? 0;

    /// <summary>
    /// The longest time from when a fault was undone until all nodes believed the same nodes alive; null when it was not looked at.
    /// </summary>
    public double? MaxAgreedSeconds => Events.Max(fault => fault.AgreedSeconds);

    /// <summary>Messages a node refused, by status code; <c>unreachable</c> when nobody listened.</summary>
    public required IReadOnlyDictionary<string, long> Refused { get; init; }

    /// <summary>Messages that were due while no node would take any.</summary>
    public required long Unsent { get; init; }

    /// <summary>Messages whose node went away before it answered.</summary>
    public required long Unknown { get; init; }

    /// <summary>How many of those were delivered.</summary>
    public required long UnknownDelivered { get; init; }

    /// <summary>Messages delivered though refused, to or from the wrong node, or under another id.</summary>
    public long Strays => StrayIds.Count;

    /// <summary>Messages delivered after the last fault though their sender was gone for good by then.</summary>
    public required int Orphaned { get; init; }

    /// <summary>Messages that the nodes still held as unacknowledged at the end; null when one did not say.</summary>
    public required long? Pending { get; init; }

    /// <summary>What a node did that it must not whatever is done to it, and goals that the drill missed.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    /// <summary>What each attack of the drill <c>hostile</c> did; left out for others.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<AttackReport>? Attacks { get; init; }

    /// <summary>What the drill <c>wan</c> found of its network; left out for others.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public WanReport? Network { get; init; }

    /// <summary>What was done to the mesh, and how it recovered.</summary>
    public required IReadOnlyList<EventReport> Events { get; init; }

    /// <summary>Ids of <see cref="Lost"/>.</summary>
    public IReadOnlyList<string> LostIds => [.. LostMessages.Select(message => message.Id)];

    /// <summary>Ids of <see cref="Duplicates"/>.</summary>
    public required IReadOnlyList<string> DuplicateIds { get; init; }

    /// <summary>Ids of <see cref="Strays"/>.</summary>
    public required IReadOnlyList<string> StrayIds { get; init; }

    /// <summary>More about <see cref="LostIds"/>.</summary>
    public required IReadOnlyList<LostMessage> LostMessages { get; init; }

    /// <summary>As the file holds it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>In a line.</summary>
    public string Summary() => string.Create(CultureInfo.InvariantCulture,
        $"{Drill} {(Passed ? "passed" : "FAILED")}: {Accepted} accepted, {Delivered} delivered, {Duplicates} duplicates, {Expired} expired, {Lost} lost"
        + $"; {Refused.Values.Sum()} refused, {Unknown} without an answer; recovery {Text(RecoverySeconds)}, at most {Text(MaxRecoverySeconds)}"
        + $"{(MaxAgreedSeconds is { } agreed ? $"; views agree after at most {Text(agreed)}" : "")}"
        + $"{(Strays > 0 ? $"; {Strays} astray" : "")}{(Failures.Count > 0 ? $"; {Failures.Count} failures of nodes" : "")}");

    private static string Text(double? seconds) => seconds is { } value ? value.ToString("0.0 s", CultureInfo.InvariantCulture) : "never";
}
