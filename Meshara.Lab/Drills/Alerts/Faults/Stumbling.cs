using Meshara.Lab.Drills.Faults;

namespace Meshara.Lab.Drills.Alerts.Faults;

/// <summary>Repeatedly stops a process for seconds, as on an overloaded machine.</summary>
internal sealed class Stumbling : IAsyncDisposable
{
    // Three times the interval of the accelerated rules.
    private static readonly TimeSpan Standing = TimeSpan.FromSeconds(3);

    // Enough for the process to catch up.
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
            // Disposed; the process is running.
        }
    }
}
