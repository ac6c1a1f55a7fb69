namespace Meshara.Lab.Drills.Faults;

/// <summary>
/// What a drill does to the mesh: always from outside the nodes, by signals, by what stands between them, and by what
/// their folder lies on.
/// </summary>
internal interface IFault : IAsyncDisposable
{
    /// <summary>Settings every node is started with.</summary>
    IReadOnlyDictionary<string, string> NodeSettings => new Dictionary<string, string>();

    /// <summary>True when the nodes' clocks are wrong, so that they cannot be asked when something arrived.</summary>
    bool HasWrongClocks => false;

    /// <summary>True when the nodes are to dial each other through proxies.</summary>
    bool NeedsNetwork => false;

    /// <summary>Called before the nodes are started.</summary>
    /// <exception cref="Harness.StackException">The fault is not possible here, with what it needs.</exception>
    Task PrepareAsync(DrillMesh mesh, CancellationToken stop) => Task.CompletedTask;

    /// <summary>Called when every node is ready and before the messages of the drill are sent.</summary>
    Task ObserveAsync(DrillMesh mesh, CancellationToken stop) => Task.CompletedTask;

    /// <summary>
    /// Breaks the mesh, again and again, and heals it each time; the last time when it is <paramref name="over"/>. Messages are sent until
    /// it returns.
    /// </summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="over">Cancelled when the time for faults is over.</param>
    /// <param name="stop">Cancelled when the drill is given up.</param>
    Task InjectAsync(DrillMesh mesh, CancellationToken over, CancellationToken stop);

    /// <summary>Called when the mesh has settled. A goal of its own that was missed is a failure in the mesh's log.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="audit">Every message of the drill.</param>
    /// <param name="stop">Cancelled when the drill is given up.</param>
    /// <returns>What it adds to the report.</returns>
    Task<FaultFindings> ReportAsync(DrillMesh mesh, Audit audit, CancellationToken stop) => Task.FromResult(new FaultFindings());

    ValueTask IAsyncDisposable.DisposeAsync() => ValueTask.CompletedTask;
}
