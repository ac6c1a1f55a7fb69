namespace Meshara.Harness.Traffic;

/// <summary>Counts and latencies of the traffic.</summary>
/// <param name="Sent">Private messages handed to a node, including failed attempts.</param>
/// <param name="Delivered">Private messages seen in their recipient's inbox.</param>
/// <param name="Failed">Private messages refused, unanswered or lost with their recipient; at the end, all that were not delivered.</param>
/// <param name="P50Ms">Median time in milliseconds from the send request to the arrival in the recipient's inbox.</param>
/// <param name="P99Ms">99th percentile of the same.</param>
/// <param name="Broadcasts">Broadcasts handed to a node, including failed attempts.</param>
/// <param name="BroadcastCoverage">Share of the intended recipients that got their broadcasts, 0 to 1; null before the first.</param>
internal sealed record TrafficCounts(
    long Sent, long Delivered, long Failed, double? P50Ms, double? P99Ms, long Broadcasts, double? BroadcastCoverage);
