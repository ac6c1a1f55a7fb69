namespace Meshara.Lab.Load;

/// <summary>Processor time of a message in each mode of one round, in microseconds.</summary>
internal sealed record OverheadRound(double None, double Metrics, double MetricsAndSampledTraces, double AllTraces);

/// <summary>What <c>overhead</c> writes. Percentages are of the processor time of a message, median of the rounds, each round compared with itself.</summary>
internal sealed record OverheadReport(
    int Payload,
    double MetricsPercent,
    double MetricsAndSampledTracesPercent,
    double AllTracesPercent,
    IReadOnlyDictionary<string, Spread> Spread,
    IReadOnlyList<OverheadRound> CpuMicrosecondsPerMessage);
