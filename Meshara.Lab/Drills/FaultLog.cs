using System.Globalization;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Drills;

/// <summary>Records and prints what is done to the mesh. Thread-safe.</summary>
internal sealed class FaultLog(StatusConsole console, StopRequests stops, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<FaultEvent> _events = [];
    private readonly List<string> _failures = [];

    /// <summary>The faults, in order.</summary>
    public IReadOnlyList<FaultEvent> Events
    {
        get
        {
            lock (_gate)
                return [.. _events];
        }
    }

    /// <summary>Failures that no fault excuses: a node that ended by itself, did not start again, or did not stop when asked.</summary>
    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_gate)
                return [.. _failures];
        }
    }

    /// <summary>Records the beginning of a fault.</summary>
    public FaultEvent Begin(string what)
    {
        var fault = new FaultEvent(what, time.GetUtcNow());
        lock (_gate)
            _events.Add(fault);
        Tell(what);
        return fault;
    }

    /// <summary>Records that a fault was undone.</summary>
    public void Heal(FaultEvent fault, string? what = null)
    {
        ArgumentNullException.ThrowIfNull(fault);
        fault.HealedAt = time.GetUtcNow();
        if (what is not null)
            Tell(what);
    }

    /// <summary>Records that every node is ready again.</summary>
    public void Ready(FaultEvent fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        fault.ReadyAt = time.GetUtcNow();
    }

    /// <summary>Records that all nodes have the same view of live members.</summary>
    public void Agree(FaultEvent fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        fault.AgreedAt = time.GetUtcNow();
    }

    /// <summary>Records a failure.</summary>
    public void Fail(string what)
    {
        // Ctrl+C in a terminal reaches the nodes as well as the lab.
        if (stops.Stop.IsCancellationRequested)
            return;
        lock (_gate)
            _failures.Add(what);
        Tell($"FAILED  {what}");
    }

    /// <summary>Prints a line with the time in the format of the nodes' logs.</summary>
    public void Tell(string what) =>
        console.WriteLines(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():HH:mm:ss.fff}  {what}"));
}
