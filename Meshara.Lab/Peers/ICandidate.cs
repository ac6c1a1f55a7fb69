using Meshara.Lab.Load;

namespace Meshara.Lab.Peers;

/// <summary>One of the programs that <c>peers</c> compares: carries messages from a sender to a recipient on this machine.</summary>
internal interface ICandidate : IAsyncDisposable
{
    /// <summary>Its name in the report.</summary>
    string Name { get; }

    /// <summary>Its version.</summary>
    string Version { get; }

    /// <summary>What it promises for a message that was accepted.</summary>
    Promise Promise { get; }

    /// <summary>The processes that do the work, apart from the lab's own.</summary>
    IReadOnlyList<int> Processes { get; }

    /// <summary>Sends for a duration and waits until every message was accepted, has arrived and is acknowledged.</summary>
    /// <exception cref="InvalidOperationException">A message was lost or damaged.</exception>
    Task<CandidateLoad> SendAsync(int payload, TimeSpan duration, PairPace pace, CancellationToken cancellationToken);
}
