using Meshara.Lab.Drills.Faults;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>A process that stands still for seconds again and again, as on a machine that has too much to do.</summary>
internal sealed class Stumbling : IAsyncDisposable
{
    // Three times as long as the accelerated rules' interval.
    private static readonly TimeSpan Standing = TimeSpan.FromSeconds(3);

    // Enough to catch up with what came meanwhile.
    private static readonly TimeSpan Running = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _stumbling;

    public Stumbling(int processId, string log, TimeProvider time) => _stumbling = StumbleAsync(processId, log, time);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _stumbling;
        _stop.Dispose();
    }

    private async Task StumbleAsync(int processId, string log, TimeProvider time)
    {
        try
        {
            while (true)
            {
                await using (await Standstill.BeginAsync(processId, log, _stop.Token))
                    await Task.Delay(Standing, time, _stop.Token);
                await Task.Delay(Running, time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // It has stumbled enough, and runs.
        }
    }
}
