
using Meshara.Harness.Traffic;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>Something done again and again at a steady rate, until it is disposed.</summary>
internal sealed class Flow : IAsyncDisposable
{
    private const int MaxInFlight = 256;

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <param name="perSecond">How often.</param>
    /// <param name="act">What; told when the flow ends.</param>
    /// <param name="time">The clock.</param>
    public Flow(double perSecond, Func<CancellationToken, Task> act, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(act);
        var options = new ParallelOptions { MaxDegreeOfParallelism = MaxInFlight, CancellationToken = CancellationToken.None };
        _running = Parallel.ForEachAsync(new Pacer(perSecond, time).Beats(_stop.Token), options, async (_, _) => await act(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // What was under way is given up, as it should be.
        }

        _stop.Dispose();
    }
}
