using Meshara.Lab.Load;

namespace Meshara.Lab.Peers;

/// <summary>The report of <c>peers</c>.</summary>
/// <param name="Payload">Size of each message in bytes.</param>
/// <param name="Seconds">How long each load lasted.</param>
/// <param name="Candidates">What was measured.</param>
/// <param name="Skipped">What was not.</param>
internal sealed record PeersReport(
    int Payload, double Seconds, IReadOnlyList<CandidateReport> Candidates, IReadOnlyList<SkippedCandidate> Skipped);

/// <summary>A candidate that was not measured.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Reason">One line that says why and what to install.</param>
internal sealed record SkippedCandidate(string Name, string Reason);

/// <summary>One candidate in one round.</summary>
/// <param name="Messages">Messages sent, received and acknowledged, under full load and one by one.</param>
/// <param name="Doubled">Arrivals of messages that had arrived before.</param>
/// <param name="MessagesPerSecond">Messages a second under full load.</param>
/// <param name="Unloaded">One-way latency of single messages.</param>
/// <param name="CpuUsPerMessage">CPU time of all processes, the lab's own included, per message under full load.</param>
/// <param name="WrittenBytesPerMessage">Bytes that all processes caused to be written to disk, per message under full load.</param>
/// <param name="ResidentMib">Resident memory of the candidate's processes after the full load.</param>
internal sealed record CandidateRound(
    long Messages, long Doubled, double MessagesPerSecond, LatencySummary Unloaded, double CpuUsPerMessage, double WrittenBytesPerMessage,
    double ResidentMib);

/// <summary>One candidate: medians of its rounds, what it promises, and the rounds.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">The version that was measured.</param>
/// <param name="Promise">What it promises.</param>
/// <param name="MessagesPerSecond">Messages a second under full load.</param>
/// <param name="MesharaTimes">How many times as many Meshara carried in the same round.</param>
/// <param name="P50Us">One-way latency of single messages.</param>
/// <param name="P99Us">The same, 99 %.</param>
/// <param name="P999Us">The same, 99.9 %.</param>
/// <param name="CpuUsPerMessage">See <see cref="CandidateRound"/>.</param>
/// <param name="WrittenBytesPerMessage">See <see cref="CandidateRound"/>.</param>
/// <param name="ResidentMib">See <see cref="CandidateRound"/>.</param>
/// <param name="Messages">Of all rounds together.</param>
/// <param name="Lost">Of all rounds together; a run in which a message is lost fails, so 0.</param>
/// <param name="Doubled">Of all rounds together.</param>
/// <param name="Rounds">The rounds.</param>
internal sealed record CandidateReport(
    string Name, string Version, Promise Promise, double MessagesPerSecond, double MesharaTimes, double P50Us, double P99Us, double P999Us,
    double CpuUsPerMessage, double WrittenBytesPerMessage, double ResidentMib, long Messages, long Lost, long Doubled,
    IReadOnlyList<CandidateRound> Rounds)
{
    /// <summary>Sums up a candidate's rounds.</summary>
    /// <param name="candidate">The candidate.</param>
    /// <param name="rounds">Its rounds.</param>
    /// <param name="meshara">The same rounds of Meshara.</param>
    public static CandidateReport Of(ICandidate candidate, IReadOnlyList<CandidateRound> rounds, IReadOnlyList<CandidateRound> meshara)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        var times = meshara.Zip(rounds, (own, other) => own.MessagesPerSecond / other.MessagesPerSecond);
        return new CandidateReport(
            candidate.Name, candidate.Version, candidate.Promise, Median(round => round.MessagesPerSecond),
            Math.Round(Spread.Of(times).Median, 2), Median(round => round.Unloaded.P50Us), Median(round => round.Unloaded.P99Us),
            Median(round => round.Unloaded.P999Us), Median(round => round.CpuUsPerMessage), Median(round => round.WrittenBytesPerMessage),
            Median(round => round.ResidentMib), rounds.Sum(round => round.Messages), 0, rounds.Sum(round => round.Doubled), rounds);

        double Median(Func<CandidateRound, double> value) => Math.Round(Spread.Of(rounds.Select(value)).Median, 1);
    }
}
