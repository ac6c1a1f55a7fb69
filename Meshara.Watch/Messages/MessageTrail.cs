namespace Meshara.Watch.Messages;

/// <summary>What the nodes still know of one message.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">What its sender says; null if no watched node accepted it, or if it is a broadcast.</param>
/// <param name="TraceIds">The traces it is in.</param>
/// <param name="Spans">Their spans on all nodes, in the order in which they began.</param>
/// <param name="Hops">The way it took, from node to node.</param>
/// <param name="Logs">Lines about it, oldest first.</param>
/// <param name="Problems">Which nodes could not be asked, and why.</param>
internal sealed record MessageTrail(
    string Id, MessageState? State, IReadOnlyList<string> TraceIds, IReadOnlyList<TrailSpan> Spans, IReadOnlyList<TrailHop> Hops,
    IReadOnlyList<TrailLog> Logs, IReadOnlyList<string> Problems);

/// <summary>What a message's sender says of it.</summary>
/// <param name="Node">Id of the sender.</param>
/// <param name="To">The recipient's address.</param>
/// <param name="State"><c>pending</c>, <c>acknowledged</c>, <c>rejected</c> or <c>expired</c>.</param>
/// <param name="Attempts">How often it was sent.</param>
/// <param name="Milliseconds">From its acceptance to its end; null before.</param>
/// <param name="Reason">Why it is not delivered.</param>
/// <param name="HeldBy">Relays that keep a copy.</param>
internal sealed record MessageState(string Node, string To, string State, int Attempts, double? Milliseconds, string? Reason, int HeldBy);

/// <summary>One span.</summary>
/// <param name="Node">Id of the node that recorded it.</param>
/// <param name="Name">Its name.</param>
/// <param name="Depth">How many spans are above it.</param>
/// <param name="StartMs">Milliseconds after the first span began, by the clock of its node.</param>
/// <param name="DurationMs">How long it took.</param>
/// <param name="Failed">True if it failed.</param>
/// <param name="Attributes">Its attributes.</param>
internal sealed record TrailSpan(
    string Node, string Name, int Depth, double StartMs, double DurationMs, bool Failed, IReadOnlyDictionary<string, string> Attributes);

/// <summary>One step of the way.</summary>
/// <param name="From">Id of the node that passed the message on.</param>
/// <param name="To">Id of the node that got it.</param>
/// <param name="Name">The span at the receiving end, or <c>send_to_peer</c> if that end recorded none.</param>
/// <param name="AtMs">As <see cref="TrailSpan.StartMs"/>.</param>
internal sealed record TrailHop(string From, string To, string Name, double AtMs);

/// <summary>One log line.</summary>
/// <param name="Node">Id of the node that wrote it.</param>
/// <param name="At">Its timestamp.</param>
/// <param name="Level">Its level.</param>
/// <param name="Event">Its event.</param>
/// <param name="Message">Its text.</param>
/// <param name="Fields">Its other values.</param>
internal sealed record TrailLog(
    string Node, string At, string Level, string Event, string Message, IReadOnlyDictionary<string, string> Fields);

/// <summary>A message that was sent lately.</summary>
/// <param name="Id">Its id.</param>
/// <param name="From">Id of its sender.</param>
/// <param name="To">The recipient's address; null for a broadcast.</param>
/// <param name="At">When it was sent.</param>
/// <param name="DurationMs">How long sending it took.</param>
/// <param name="Failed">True if that failed.</param>
internal sealed record RecentMessage(string Id, string From, string? To, DateTimeOffset At, double DurationMs, bool Failed);
