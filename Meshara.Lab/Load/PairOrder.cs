using System.Text.Json.Serialization;

namespace Meshara.Lab.Load;

/// <summary>What a measurement asks of a process that runs one node of a pair: one JSON line on its standard input.</summary>
[JsonDerivedType(typeof(StartNode), "start")]
[JsonDerivedType(typeof(BeginCount), "begin")]
[JsonDerivedType(typeof(EndCount), "end")]
[JsonDerivedType(typeof(SendMessages), "send")]
[JsonDerivedType(typeof(CreateSeries), "series")]
internal abstract record PairOrder;

/// <summary>Starts the node; once, and before all else.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">Its data directory.</param>
/// <param name="Bootstrap">The mesh endpoint of the node to join; null starts a mesh.</param>
/// <param name="Settings">Configuration keys, next to and over what a pair needs; also <c>OTEL_*</c> and <c>MESHARA_LOG</c>.</param>
internal sealed record StartNode(string Name, string Folder, string? Bootstrap, IReadOnlyDictionary<string, string?> Settings) : PairOrder;

/// <summary>Counts from zero: arrivals and their latencies, processor time, allocations.</summary>
internal sealed record BeginCount : PairOrder;

/// <summary>Waits until so many messages have arrived, and says what was counted.</summary>
internal sealed record EndCount(long Arrivals) : PairOrder;

/// <summary>Sends for a while, and waits until every message is acknowledged.</summary>
/// <param name="Recipients">Addresses of the other nodes, to which it sends in turn.</param>
/// <param name="Payload">Bytes of content.</param>
/// <param name="Duration">How long.</param>
/// <param name="Load">How hard.</param>
internal sealed record SendMessages(IReadOnlyList<string> Recipients, int Payload, TimeSpan Duration, PairPace Load) : PairOrder;

/// <summary>Adds counters to the node's meter, until it has so many series more.</summary>
internal sealed record CreateSeries(int Count) : PairOrder;
