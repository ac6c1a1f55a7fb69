using System.Globalization;
using Meshara.Harness.Terminal;

namespace Meshara.Lab.Drills;

/// <summary>Writes down, and tells, what is done to the mesh. Thread-safe.</summary>
internal sealed class FaultLog(StatusConsole console, StopRequests stops, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<FaultEvent> _events = [];
    private readonly List<string> _failures = [];

    /// <summary>What was done, in order.</summary>
    public IReadOnlyList<FaultEvent> Events
    {
        get
        {
            lock (_gate)
                return [.. _events];
        }
    }

    /// <summary>What a node must not do whatever is done to it: end by itself, not start again, not stop when asked.</summary>
    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_gate)
                return [.. _failures];
        }
    }

    /// <summary>A fault begins now.</summary>
    public FaultEvent Begin(string what)
    {
        var fault = new FaultEvent(what, time.GetUtcNow());
        lock (_gate)
            _events.Add(fault);
        Tell(what);
        return fault;
    }

    /// <summary>It is undone now.</summary>
    public void Heal(FaultEvent fault, string? what = null)
    {
        ArgumentNullException.ThrowIfNull(fault);
        fault.HealedAt = time.GetUtcNow();
        if (what is not null)
            Tell(what);
    }

    /// <summary>Every node is ready again now.</summary>
    public void Ready(FaultEvent fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        fault.ReadyAt = time.GetUtcNow();
    }

    /// <summary>All nodes believe the same nodes alive now.</summary>
    public void Agree(FaultEvent fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        fault.AgreedAt = time.GetUtcNow();
    }

    /// <summary>A node failed.</summary>
    public void Fail(string what)
    {
        // Ctrl+C in a terminal reaches the nodes as well as the lab.
        if (stops.Stop.IsCancellationRequested)
            return;
        lock (_gate)
            _failures.Add(what);
        Tell($"FAILED  {what}");
    }

    /// <summary>Says something, with the time as the nodes' logs have it.</summary>
    public void Tell(string what) =>
        console.WriteLines(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():HH:mm:ss.fff}  {what}"));
}
