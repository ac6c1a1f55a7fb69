namespace Meshara.Lab.Load;

/// <summary>One round of <c>pair</c>.</summary>
/// <param name="Messages">Messages sent, received and acknowledged under full load.</param>
/// <param name="MessagesPerSecond">The same per second.</param>
/// <param name="CreateUs">Cost of the sender's cryptography per message, see <see cref="CryptoFloor"/>.</param>
/// <param name="OpenUs">Cost of the recipient's cryptography per message.</param>
/// <param name="CeilingPerSecond">2,000,000 / (create + open).</param>
/// <param name="RatioToCeiling">Messages per second relative to that ceiling.</param>
/// <param name="Unloaded">One-way latency of single messages, from acceptance to a reader of the inbox.</param>
/// <param name="Loaded">The same under full load: mostly time in queues that the load itself fills.</param>
/// <param name="CpuUsPerMessage">CPU time of both processes per message.</param>
/// <param name="AllocatedBytesPerMessage">Bytes allocated per message on the managed heaps of both processes.</param>
/// <param name="CollectionPauseMs">Total garbage collection pauses of both processes.</param>
internal sealed record PairRound(
    long Messages, double MessagesPerSecond, double CreateUs, double OpenUs, double CeilingPerSecond, double RatioToCeiling,
    LatencySummary Unloaded, LatencySummary Loaded, double CpuUsPerMessage, double AllocatedBytesPerMessage, double CollectionPauseMs);

/// <summary>
/// The report of <c>pair</c>: medians of the rounds, and the rounds. <c>p50_us</c> and the like are of single messages, unloaded.
/// </summary>
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
