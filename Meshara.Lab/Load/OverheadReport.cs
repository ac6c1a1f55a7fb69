namespace Meshara.Lab.Load;

/// <summary>The cost of one mode in one round, in microseconds per message.</summary>
/// <param name="PathUs">Median latency of single messages, from acceptance to a reader of the recipient's inbox.</param>
/// <param name="CpuUs">CPU time of both nodes under full load, including export.</param>
internal sealed record OverheadCost(double PathUs, double CpuUs);

/// <summary>One round: every mode, in a random order.</summary>
internal sealed record OverheadRound(
    OverheadCost None, OverheadCost Metrics, OverheadCost MetricsAndSampledTraces, OverheadCost MetricsAndKeptTraces, OverheadCost AllTraces);

/// <summary>Cost relative to no telemetry, in percent, computed within each round.</summary>
internal sealed record OverheadSpread(
    Spread MetricsPercent, Spread MetricsAndSampledTracesPercent, Spread MetricsAndKeptTracesPercent, Spread AllTracesPercent);

/// <summary>The report of <c>overhead</c>.</summary>
/// <param name="Payload">Content size of each message in bytes.</param>
/// <param name="MetricsPercent">Added latency with metrics, scraped every second; median of the rounds.</param>
/// <param name="MetricsAndSampledTracesPercent">The same if one trace in a hundred is also exported.</param>
/// <param name="MetricsAndKeptTracesPercent">The same if every other trace is also held in case it fails or is slow.</param>
/// <param name="AllTracesPercent">The same if every trace is exported.</param>
/// <param name="Path">The four figures with their quartiles.</param>
/// <param name="SaturatedCpu">The same for CPU time while both nodes exchange messages at full speed.</param>
/// <param name="Rounds">The measurements of each round.</param>
internal sealed record OverheadReport(
    int Payload,
    double MetricsPercent,
    double MetricsAndSampledTracesPercent,
    double MetricsAndKeptTracesPercent,
    double AllTracesPercent,
    OverheadSpread Path,
    OverheadSpread SaturatedCpu,
    IReadOnlyList<OverheadRound> Rounds);
