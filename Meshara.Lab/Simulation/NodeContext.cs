namespace Meshara.Lab.Simulation;

/// <summary>
/// Where the code of one simulated node runs: everything it continues or starts goes through the simulation's one thread, and
/// nothing of it happens any more once the node is gone.
/// </summary>
internal sealed class NodeContext(VirtualTime time) : SynchronizationContext
{
    /// <summary>True once the node has crashed: neither its timers nor its continuations run.</summary>
    public bool IsGone { get; private set; }

    /// <summary>The node's clock.</summary>
    public TimeProvider Clock => field ??= new NodeTime(time, this);

    /// <summary>Ends everything that the node does, at once.</summary>
    public void Crash() => IsGone = true;

    public override void Post(SendOrPostCallback d, object? state) => time.Post(this, d, state);

    public override void Send(SendOrPostCallback d, object? state)
    {
        var previous = Current;
        SetSynchronizationContext(this);
        try
        {
            d(state);
        }
        finally
        {
            SetSynchronizationContext(previous);
        }
    }

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>All simulated clocks show the same time: what wrong clocks do is tried on real nodes (<c>drill clock</c>).</summary>
    private sealed class NodeTime(VirtualTime time, NodeContext node) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        // A timestamp of 0 means "never" in many places.
        public override long GetTimestamp() => time.Now.Ticks + TimeSpan.TicksPerHour;

        public override DateTimeOffset GetUtcNow() => VirtualTime.Beginning + time.Now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(node, callback, state, dueTime, period);
    }
}
