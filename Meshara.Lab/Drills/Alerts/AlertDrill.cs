namespace Meshara.Lab.Drills.Alerts;

/// <summary>The drill of one alert: a fault that provokes it, and the expected consequences.</summary>
internal sealed record AlertDrill
{
    /// <summary>The alert.</summary>
    public required string Alert { get; init; }

    /// <summary>A one-line description of the fault.</summary>
    public required string Fault { get; init; }

    /// <summary>What it requires of the machine.</summary>
    public DrillNeeds Needs { get; init; }

    /// <summary>Runs before the nodes are started.</summary>
    public Func<AlertBench, CancellationToken, Task>? PrepareAsync { get; init; }

    /// <summary>Runs before the fault; the drill then waits until the alert is inactive.</summary>
    public Func<AlertBench, CancellationToken, Task>? BeforeAsync { get; init; }

    /// <summary>
    /// Begins the fault; disposing the result ends it. The notification is due within the time that the rule allows, counted from
    /// here.
    /// </summary>
    public required Func<AlertBench, CancellationToken, Task<IAsyncDisposable>> BreakAsync { get; init; }

    /// <summary>The labels of every alert that must fire, without name and severity.</summary>
    public required Func<AlertBench, IEnumerable<Labels>> Expected { get; init; }

    /// <summary>Alerts that fire because of the same fault but cause no notification, because Alertmanager inhibits them.</summary>
    public IReadOnlyList<Labels> Quiet { get; init; } = [];

    /// <summary>Channels that are notified in addition to the one of the alert's severity.</summary>
    public IReadOnlyList<Channel> AlsoTells { get; init; } = [];

    /// <summary>Runs after the notification, while the fault lasts.</summary>
    public Func<AlertBench, CancellationToken, Task>? ThenAsync { get; init; }

    /// <summary>Runs after the alert is resolved.</summary>
    public Func<AlertBench, CancellationToken, Task>? AfterAsync { get; init; }
}
