
using Meshara.Harness.Traffic;

namespace Meshara.Lab.Drills.Alerts;

/// <summary>Repeats an action at a steady rate until it is disposed.</summary>
internal sealed class Flow : IAsyncDisposable
{
    private const int MaxInFlight = 256;

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <param name="perSecond">How often, per second.</param>
    /// <param name="act">The action; its token is cancelled when the flow ends.</param>
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
            // Actions in progress are cancelled on purpose.
        }

        _stop.Dispose();
    }
}
