namespace Meshara.Lab.Drills.Alerts;

/// <summary>The drill of one alert: a fault that provokes it, and what has to come of that.</summary>
internal sealed record AlertDrill
{
    /// <summary>The alert.</summary>
    public required string Alert { get; init; }

    /// <summary>What is done, in a line.</summary>
    public required string Fault { get; init; }

    /// <summary>What it needs.</summary>
    public DrillNeeds Needs { get; init; }

    /// <summary>Done before the nodes are started.</summary>
    public Func<AlertBench, CancellationToken, Task>? PrepareAsync { get; init; }

    /// <summary>Done before the fault, while the rule has nothing to say.</summary>
    public Func<AlertBench, CancellationToken, Task>? BeforeAsync { get; init; }

    /// <summary>Begins the fault, from which moment the notification may take as long as the rule says and no more; what it returns ends it.</summary>
    public required Func<AlertBench, CancellationToken, Task<IAsyncDisposable>> BreakAsync { get; init; }

    /// <summary>The labels of every alert that has to fire, without the name and the severity.</summary>
    public required Func<AlertBench, IEnumerable<Labels>> Expected { get; init; }

    /// <summary>Alerts that fire because of the same fault and are not told of: Alertmanager inhibits them.</summary>
    public IReadOnlyList<Labels> Quiet { get; init; } = [];

    /// <summary>Channels that are told besides the one of the alert's severity.</summary>
    public IReadOnlyList<Channel> AlsoTells { get; init; } = [];

    /// <summary>A second act, while the fault lasts and everybody knows of it.</summary>
    public Func<AlertBench, CancellationToken, Task>? ThenAsync { get; init; }

    /// <summary>Done when everything is over.</summary>
    public Func<AlertBench, CancellationToken, Task>? AfterAsync { get; init; }
}
