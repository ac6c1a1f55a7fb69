namespace Meshara.Lab.Load;

/// <summary>What one mode took in one round, in microseconds of a message.</summary>
/// <param name="PathUs">The way of a single message, from acceptance to a reader of the recipient's inbox; median.</param>
/// <param name="CpuUs">Processor time of both nodes under full load, exporting included.</param>
internal sealed record OverheadCost(double PathUs, double CpuUs);

/// <summary>One round: every mode, in another order each time.</summary>
internal sealed record OverheadRound(
    OverheadCost None, OverheadCost Metrics, OverheadCost MetricsAndSampledTraces, OverheadCost MetricsAndKeptTraces, OverheadCost AllTraces);

/// <summary>How much more than without telemetry, in percent; each round is compared with itself.</summary>
internal sealed record OverheadSpread(
    Spread MetricsPercent, Spread MetricsAndSampledTracesPercent, Spread MetricsAndKeptTracesPercent, Spread AllTracesPercent);

/// <summary>What <c>overhead</c> writes.</summary>
/// <param name="Payload">Bytes of content of each message.</param>
/// <param name="MetricsPercent">Metrics, scraped every second: how much longer a message is on its way. Median of the rounds.</param>
/// <param name="MetricsAndSampledTracesPercent">The same with one trace in a hundred exported as well.</param>
/// <param name="MetricsAndKeptTracesPercent">The same with every other trace held for the case that it fails or is slow.</param>
/// <param name="AllTracesPercent">The same with every trace exported.</param>
/// <param name="Path">The four with their quartiles.</param>
/// <param name="SaturatedCpu">Processor time instead, while both nodes do nothing but exchange messages as fast as they can.</param>
/// <param name="Rounds">What was measured.</param>
internal sealed record OverheadReport(
    int Payload,
    double MetricsPercent,
    double MetricsAndSampledTracesPercent,
    double MetricsAndKeptTracesPercent,
    double AllTracesPercent,
    OverheadSpread Path,
    OverheadSpread SaturatedCpu,
    IReadOnlyList<OverheadRound> Rounds);
