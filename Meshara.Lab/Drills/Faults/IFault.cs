namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// What a drill does to the mesh. It acts only from outside the nodes: through signals, the network between them, and the volumes under
/// their folders.
/// </summary>
internal interface IFault : IAsyncDisposable
{
    /// <summary>Settings that every node is started with.</summary>
    IReadOnlyDictionary<string, string> NodeSettings => new Dictionary<string, string>();

    /// <summary>True if the nodes' clocks are wrong, so that their times of arrival cannot be used.</summary>
    bool HasWrongClocks => false;

    /// <summary>True if the nodes must dial each other through proxies.</summary>
    bool NeedsNetwork => false;

    /// <summary>Called before the nodes are started.</summary>
    /// <exception cref="Harness.StackException">The fault is not possible here; the message says what is missing.</exception>
    Task PrepareAsync(DrillMesh mesh, CancellationToken stop) => Task.CompletedTask;

    /// <summary>Called once every node is ready, before the messages of the drill are sent.</summary>
    Task ObserveAsync(DrillMesh mesh, CancellationToken stop) => Task.CompletedTask;

    /// <summary>
    /// Repeatedly injects the fault and heals it; the last time ends when <paramref name="over"/> is cancelled. Messages are sent
    /// until this method returns.
    /// </summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="over">Cancelled when the time for faults is over.</param>
    /// <param name="stop">Cancelled if the drill is aborted.</param>
    Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop);

    /// <summary>Called once the mesh has settled. Records a failure in the mesh's log for each goal that was missed.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="audit">Every message of the drill.</param>
    /// <param name="stop">Cancelled if the drill is aborted.</param>
    /// <returns>Its additions to the report.</returns>
    Task<FaultFindings> ReportAsync(DrillMesh mesh, Audit audit, CancellationToken stop) => Task.FromResult(new FaultFindings());

    ValueTask IAsyncDisposable.DisposeAsync() => ValueTask.CompletedTask;
}
