using System.Text.Json.Serialization;

namespace Meshara.Lab.Load;

/// <summary>An order to the process of a pair's node: one JSON line on its standard input.</summary>
[JsonDerivedType(typeof(StartNode), "start")]
[JsonDerivedType(typeof(BeginCount), "begin")]
[JsonDerivedType(typeof(EndCount), "end")]
[JsonDerivedType(typeof(SendMessages), "send")]
[JsonDerivedType(typeof(CreateSeries), "series")]
internal abstract record PairOrder;

/// <summary>Starts the node; must be the first order, and given once.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Folder">Its data directory.</param>
/// <param name="Bootstrap">The mesh endpoint of the node to join; null starts a mesh.</param>
/// <param name="Settings">
/// Configuration keys in addition to those of every pair, which they override; also <c>OTEL_*</c> and <c>MESHARA_LOG</c>.
/// </param>
internal sealed record StartNode(string Name, string Folder, string? Bootstrap, IReadOnlyDictionary<string, string?> Settings) : PairOrder;

/// <summary>Resets the counts: arrivals and their latencies, CPU time, allocations.</summary>
internal sealed record BeginCount : PairOrder;

/// <summary>Waits until this many messages have arrived, and returns the counts.</summary>
internal sealed record EndCount(long Arrivals) : PairOrder;

/// <summary>Sends for a while, and waits until every message is acknowledged.</summary>
/// <param name="Recipients">Addresses of the recipients, used in turn.</param>
/// <param name="Payload">Content size in bytes.</param>
/// <param name="Duration">How long to send.</param>
/// <param name="Load">The pace.</param>
internal sealed record SendMessages(IReadOnlyList<string> Recipients, int Payload, TimeSpan Duration, PairPace Load) : PairOrder;

/// <summary>Adds counters to the node's meter until it has this many more series.</summary>
internal sealed record CreateSeries(int Count) : PairOrder;
