using System.Text.Json;
using System.Text.Json.Serialization;

namespace Meshara.Lab.Load;

/// <summary>What a process that runs one node of a pair answers: one JSON line on its standard output.</summary>
[JsonDerivedType(typeof(NodeStarted), "started")]
[JsonDerivedType(typeof(CountBegun), "begun")]
[JsonDerivedType(typeof(NodeCount), "count")]
[JsonDerivedType(typeof(MessagesSent), "sent")]
[JsonDerivedType(typeof(SeriesCreated), "series")]
[JsonDerivedType(typeof(OrderFailed), "failed")]
internal abstract record PairAnswer
{
    /// <summary>What tells an answer from a line of a log.</summary>
    public const string Mark = """{"$type":""";

    /// <summary>Orders and answers alike.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
}

/// <summary>The node has joined.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Mesh">Where peers dial it.</param>
/// <param name="Metrics">What Prometheus would scrape.</param>
internal sealed record NodeStarted(string Address, string Mesh, Uri Metrics) : PairAnswer;

/// <summary>Counting has begun.</summary>
internal sealed record CountBegun : PairAnswer;

/// <summary>What one process counted.</summary>
/// <param name="Arrivals">Messages in its inbox.</param>
/// <param name="Damaged">Those with other content than was sent.</param>
/// <param name="Latency">From acceptance by the sender until a reader of the inbox has the message; null without arrivals.</param>
/// <param name="Cpu">Processor time of the whole process.</param>
/// <param name="AllocatedBytes">On its managed heap.</param>
/// <param name="Collections">Garbage collections of all generations.</param>
/// <param name="CollectionPauses">Time in which a collection held everything up.</param>
/// <param name="CompiledMethods">Methods that were compiled, for the first time or again.</param>
/// <param name="WorkingSetBytes">Now.</param>
internal sealed record NodeCount(
    long Arrivals, long Damaged, LatencySummary? Latency, TimeSpan Cpu, long AllocatedBytes, int Collections, TimeSpan CollectionPauses,
    long CompiledMethods, long WorkingSetBytes) : PairAnswer;

/// <summary>Everything that was sent is acknowledged.</summary>
/// <param name="Messages">How many.</param>
/// <param name="Elapsed">From the first acceptance to the last acknowledgment.</param>
/// <param name="PerRecipient">How many to each address.</param>
internal sealed record MessagesSent(long Messages, TimeSpan Elapsed, IReadOnlyDictionary<string, long> PerRecipient) : PairAnswer;

/// <summary>The series are there.</summary>
internal sealed record SeriesCreated : PairAnswer;

/// <summary>The order could not be carried out.</summary>
internal sealed record OrderFailed(string Message) : PairAnswer;
