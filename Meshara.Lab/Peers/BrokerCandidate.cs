using System.Diagnostics;
using Meshara.Lab.Load;

namespace Meshara.Lab.Peers;

/// <summary>
/// A broker under load. Both clients are in the lab's process: one process fewer to share the processors than with two, which favours
/// the broker.
/// </summary>
internal sealed class BrokerCandidate : ICandidate
{
    private static readonly TimeSpan LastMessage = TimeSpan.FromSeconds(60);

    private readonly Arrivals _arrivals = new();
    private SemaphoreSlim _window = new(0);
    private IBroker _broker = null!;
    private int _numbers;

    private BrokerCandidate()
    {
    }

    public string Name => _broker.Name;

    public string Version => _broker.Version;

    public Promise Promise => _broker.Promise;

    public IReadOnlyList<int> Processes => _broker.Processes;

    /// <summary>Starts a broker and its clients.</summary>
    /// <param name="start">Starts it; the recipient's code is to be called with the content of each message.</param>
    public static async Task<ICandidate> StartAsync(Func<Action<ReadOnlySpan<byte>>, Task<IBroker>> start)
    {
        var candidate = new BrokerCandidate();
        candidate._broker = await start(candidate.Arrived);
        return candidate;
    }

    public async Task<CandidateLoad> SendAsync(int payload, TimeSpan duration, PairPace pace, CancellationToken cancellationToken)
    {
        _arrivals.Reset();
        _window = new SemaphoreSlim(pace.Window);
        // Earlier garbage must not be collected during this load.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var compiled = ProcessUse.Now().CompiledMethods;
        var first = _numbers;
        var started = Stopwatch.GetTimestamp();
        await PacedLoad.RunAsync(pace, duration, () => SendOneAsync(payload, cancellationToken));
        var sent = _numbers - first;
        await _arrivals.ReachAsync(sent, LastMessage, cancellationToken);
        return new CandidateLoad(
            sent, _arrivals.Doubled, Stopwatch.GetElapsedTime(started), _arrivals.Summary()!, ProcessUse.Now().CompiledMethods - compiled);
    }

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    private async Task SendOneAsync(int payload, CancellationToken cancellationToken)
    {
        if (!await _window.WaitAsync(LastMessage, cancellationToken))
            throw new InvalidOperationException($"{Name} delivered nothing for {LastMessage.TotalSeconds:0} s.");
        await _broker.SendAsync(Arrivals.Content(Interlocked.Increment(ref _numbers) - 1, payload), cancellationToken);
    }

    private void Arrived(ReadOnlySpan<byte> content)
    {
        if (_arrivals.Record(content))
            _window.Release();
    }
}
