using System.Text.Json;
using System.Text.Json.Serialization;

namespace Meshara.Lab.Load;

/// <summary>An answer from the process of a pair's node: one JSON line on its standard output.</summary>
[JsonDerivedType(typeof(NodeStarted), "started")]
[JsonDerivedType(typeof(CountBegun), "begun")]
[JsonDerivedType(typeof(NodeCount), "count")]
[JsonDerivedType(typeof(MessagesSent), "sent")]
[JsonDerivedType(typeof(SeriesCreated), "series")]
[JsonDerivedType(typeof(OrderFailed), "failed")]
internal abstract record PairAnswer
{
    /// <summary>Distinguishes an answer from a log line.</summary>
    public const string Mark = """{"$type":""";

    /// <summary>Serialization of orders and answers.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
}

/// <summary>The node has joined.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Mesh">The endpoint that peers dial.</param>
/// <param name="Metrics">The URL that Prometheus would scrape.</param>
internal sealed record NodeStarted(string Address, string Mesh, Uri Metrics) : PairAnswer;

/// <summary>Counting has begun.</summary>
internal sealed record CountBegun : PairAnswer;

/// <summary>The counts of one process.</summary>
/// <param name="Arrivals">Messages in its inbox.</param>
/// <param name="Damaged">Messages whose content differs from what was sent.</param>
/// <param name="Latency">From acceptance by the sender until a reader of the inbox has the message; null without arrivals.</param>
/// <param name="Cpu">CPU time of the whole process.</param>
/// <param name="AllocatedBytes">Bytes allocated on its managed heap.</param>
/// <param name="Collections">Garbage collections of all generations.</param>
/// <param name="CollectionPauses">Total time for which garbage collections paused the process.</param>
/// <param name="CompiledMethods">Methods compiled by the JIT compiler, including recompilations.</param>
/// <param name="WorkingSetBytes">Current working set.</param>
internal sealed record NodeCount(
    long Arrivals, long Damaged, LatencySummary? Latency, TimeSpan Cpu, long AllocatedBytes, int Collections, TimeSpan CollectionPauses,
    long CompiledMethods, long WorkingSetBytes) : PairAnswer;

/// <summary>Everything that was sent has been acknowledged.</summary>
/// <param name="Messages">Number of messages.</param>
/// <param name="Elapsed">Time from the first acceptance to the last acknowledgment.</param>
/// <param name="PerRecipient">Number of messages by recipient address.</param>
internal sealed record MessagesSent(long Messages, TimeSpan Elapsed, IReadOnlyDictionary<string, long> PerRecipient) : PairAnswer;

/// <summary>The series have been created.</summary>
internal sealed record SeriesCreated : PairAnswer;

/// <summary>The order failed.</summary>
internal sealed record OrderFailed(string Message) : PairAnswer;
