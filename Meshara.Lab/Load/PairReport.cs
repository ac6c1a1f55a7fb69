namespace Meshara.Lab.Load;

/// <summary>One round of <c>pair</c>.</summary>
/// <param name="Messages">Under full load: sent, arrived and acknowledged.</param>
/// <param name="MessagesPerSecond">The same a second.</param>
/// <param name="CreateUs">Cryptography of the sender for one message, see <see cref="CryptoFloor"/>.</param>
/// <param name="OpenUs">Cryptography of the recipient.</param>
/// <param name="CeilingPerSecond">2,000,000 / (create + open).</param>
/// <param name="RatioToCeiling">Messages a second as a part of it.</param>
/// <param name="Unloaded">One-way latency of single messages, from acceptance to a reader of the inbox.</param>
/// <param name="Loaded">The same under full load: mostly the wait in the queues that the load itself fills.</param>
/// <param name="CpuUsPerMessage">Processor time of both processes.</param>
/// <param name="AllocatedBytesPerMessage">On the managed heaps of both processes.</param>
/// <param name="CollectionPauseMs">Time in which collections held the two processes up, together.</param>
internal sealed record PairRound(
    long Messages, double MessagesPerSecond, double CreateUs, double OpenUs, double CeilingPerSecond, double RatioToCeiling,
    LatencySummary Unloaded, LatencySummary Loaded, double CpuUsPerMessage, double AllocatedBytesPerMessage, double CollectionPauseMs);

/// <summary>What <c>pair</c> writes: medians of the rounds, and the rounds. <c>p50_us</c> and the like are of single messages, unloaded.</summary>
internal sealed record PairReport(
    int Payload,
    string Keys,
    string Storage,
    string Telemetry,
    double MessagesPerSecond,
    double MegabytesPerSecond,
    double P50Us,
    double P99Us,
    double P999Us,
    double LoadedP50Us,
    double LoadedP99Us,
    double LoadedP999Us,
    double CreateUs,
    double OpenUs,
    double CeilingPerSecond,
    double RatioToCeiling,
    double CpuUsPerMessage,
    double? BytesPerMessage,
    double AllocatedBytesPerMessage,
    long Messages,
    long Lost,
    IReadOnlyList<PairRound> Rounds);
