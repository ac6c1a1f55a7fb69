namespace Meshara.Harness.Processes;

/// <summary>
/// Limits how many warnings of a child reach the console to <see cref="Limit"/> per <see cref="Window"/>. The rest are counted and
/// reported in one line; the log file has them all.
/// </summary>
internal sealed class WarningGate(TimeProvider time)
{
    /// <summary>Maximum number of lines shown in a window.</summary>
    public const int Limit = 5;

    /// <summary>Length of a window.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private long _opened = time.GetTimestamp();
    private int _shown;
    private int _withheld;

    /// <summary>Counts a line.</summary>
    /// <returns>True if it may be shown.</returns>
    public bool TryPass()
    {
        lock (_gate)
        {
            // While lines are withheld, only TakeWithheld may open a new window, or their count would be lost.
            if (_withheld == 0 && time.GetElapsedTime(_opened) >= Window)
                Reopen();
            if (_shown < Limit)
            {
                _shown++;
                return true;
            }

            _withheld++;
            return false;
        }
    }

    /// <summary>
    /// Returns how many lines were withheld in the window that has ended, and opens a new one; 0 while the window lasts. To be called
    /// regularly.
    /// </summary>
    public int TakeWithheld()
    {
        lock (_gate)
        {
            if (time.GetElapsedTime(_opened) < Window)
                return 0;
            var withheld = _withheld;
            Reopen();
            return withheld;
        }
    }

    private void Reopen()
    {
        _opened = time.GetTimestamp();
        _shown = 0;
        _withheld = 0;
    }
}
