namespace Meshara.Harness.Processes;

/// <summary>
/// Bounds how many warnings of one child reach the console: <see cref="Limit"/> in <see cref="Window"/>, the rest are
/// counted and named in one line. The log file has them all.
/// </summary>
internal sealed class WarningGate(TimeProvider time)
{
    /// <summary>Lines shown in one window.</summary>
    public const int Limit = 5;

    /// <summary>How long a window lasts.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private long _opened = time.GetTimestamp();
    private int _shown;
    private int _withheld;

    /// <summary>True when this line may be shown.</summary>
    public bool TryPass()
    {
        lock (_gate)
        {
            // What was withheld keeps the window open until TakeWithheld has told of it.
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

    /// <summary>How many lines the window just over kept back; 0 while it lasts. Called regularly.</summary>
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
