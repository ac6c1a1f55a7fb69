namespace Meshara.Harness.Traffic;

/// <summary>How the traffic fares.</summary>
/// <param name="Sent">Private messages handed to a node, or tried to.</param>
/// <param name="Delivered">Those seen in their recipient's inbox.</param>
/// <param name="Failed">Those not accepted, or lost with their recipient; at the end, all that were not delivered.</param>
/// <param name="P50Ms">Median from the start of the call that handed it over to its sight in the inbox, in milliseconds.</param>
/// <param name="P99Ms">The same for the slowest hundredth.</param>
/// <param name="Broadcasts">Broadcasts handed to a node, or tried to.</param>
/// <param name="BroadcastCoverage">Share of the recipients they were meant for that got them, 0 to 1; null before the first.</param>
internal sealed record TrafficCounts(
    long Sent, long Delivered, long Failed, double? P50Ms, double? P99Ms, long Broadcasts, double? BroadcastCoverage);
