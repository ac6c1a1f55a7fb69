using System.Threading.Channels;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>
/// The only thread that writes. It takes all waiting operations, applies them in one transaction and answers after the
/// commit: a lone operation waits for no other; under load one commit serves hundreds. A disk fault fails the operations it
/// affects, and new ones are refused while the disk is probed until it takes data again.
/// </summary>
internal sealed partial class GroupCommitWriter : IAsyncDisposable
{
    private const int QueueLength = 8192;
    private const int MaxBatch = 1024;
    private const int MaxBatchBytes = 8 * 1024 * 1024;
    private static readonly TimeSpan TickInterval = TimeSpan.FromSeconds(1);

    private readonly Channel<WriteOperation> _queue = Channel.CreateBounded<WriteOperation>(new BoundedChannelOptions(QueueLength)
    {
        SingleReader = true,
        // The writer blocks in its own thread: completing its wait in place wakes it without a detour through the thread pool.
        AllowSynchronousContinuations = true,
    });

    private readonly string _path;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Func<WriteSession> _open;
    private readonly List<WriteOperation> _batch = [];
    private readonly Queue<WriteOperation> _owed = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TickMark _tick = new();
    private readonly ITimer _timer;
    private readonly OpenedFiles _files;
    private WriteSession? _session;
    private long _lastCursor;
    private long _commits;
    private volatile bool _tickQueued;

    /// <param name="path">Path of the database, for messages to the operator.</param>
    /// <param name="open">Inspects the database and opens the writing connection; called again, with none open, after the
    /// disk has failed.</param>
    public GroupCommitWriter(string path, Func<WriteSession> open, StorageOptions options, TimeProvider time, ILogger logger)
    {
        _path = path;
        _open = open;
        _options = options;
        _time = time;
        _logger = logger;
        _files = new OpenedFiles(path);
        _session = open();
        _files.Note();
        _lastCursor = _session.LastCursor;
        new Thread(Run) { IsBackground = true, Name = "meshara store" }.Start();
        _timer = time.CreateTimer(static state => ((GroupCommitWriter)state!).Tick(), this, TickInterval, TickInterval);
    }

    /// <summary>The newest cursor that is committed.</summary>
    public long LastCursor => Volatile.Read(ref _lastCursor);

    /// <summary>Number of transactions committed for callers.</summary>
    public long Commits => Volatile.Read(ref _commits);

    /// <summary>Set by every commit that added arrivals.</summary>
    public ArrivalSignal Arrived { get; } = new();

    /// <summary>Applies a change and returns its result once it is committed.</summary>
    /// <param name="weight">Approximate number of bytes it writes.</param>
    /// <exception cref="MesharaException">With <see cref="ErrorCodes.Storage"/>.</exception>
    public ValueTask<TResult> WriteAsync<TState, TResult>(
        TState state, int weight, Func<WriteSession, TState, TResult> apply, CancellationToken cancellationToken)
    {
        if (_fault is { } fault)
            return ValueTask.FromException<TResult>(new MesharaException(ErrorCodes.Storage, fault));
        var operation = WriteOperation<TState, TResult>.Create(state, weight, apply);
        var outcome = operation.Outcome;
        return _queue.Writer.TryWrite(operation) ? outcome : WaitAsync(operation, outcome);

        async ValueTask<TResult> WaitAsync(WriteOperation<TState, TResult> operation, ValueTask<TResult> outcome)
        {
            await EnqueueSlowlyAsync(operation, cancellationToken);
            return await outcome;
        }
    }

    /// <summary>Like <see cref="WriteAsync"/>, for a change without a result.</summary>
    public ValueTask ExecuteAsync<TState>(TState state, int weight, Func<WriteSession, TState, bool> apply, CancellationToken cancellationToken)
    {
        if (_fault is { } fault)
            return ValueTask.FromException(new MesharaException(ErrorCodes.Storage, fault));
        var operation = WriteOperation<TState, bool>.Create(state, weight, apply);
        var done = operation.Done;
        return _queue.Writer.TryWrite(operation) ? done : WaitAsync(operation, done);

        async ValueTask WaitAsync(WriteOperation<TState, bool> operation, ValueTask done)
        {
            await EnqueueSlowlyAsync(operation, cancellationToken);
            await done;
        }
    }

    /// <summary>Enqueues an operation that nobody waits for; once enqueued it will be done, however often the disk fails.</summary>
    public ValueTask NoteAsync(OwedOperation operation, CancellationToken cancellationToken) =>
        _queue.Writer.TryWrite(operation) ? ValueTask.CompletedTask : EnqueueSlowlyAsync(operation, cancellationToken);

    /// <summary>Accepts nothing more, writes what is queued, and closes the database.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _queue.Writer.TryComplete();
        await _ended.Task;
    }

    private async ValueTask EnqueueSlowlyAsync(WriteOperation operation, CancellationToken cancellationToken)
    {
        try
        {
            await _queue.Writer.WriteAsync(operation, cancellationToken);
        }
        catch (ChannelClosedException e)
        {
            throw new MesharaException(ErrorCodes.Storage, "The node is stopping and stores nothing more.", e);
        }
    }

    private void Run()
    {
        try
        {
            while (WaitForWork())
            {
                Drain();
                if (_batch.Count > 0)
                    CommitBatch();
                if (_due)
                    OnTick();
            }
            SettleDebts();
            SaveClock();
        }
        catch (Exception e)
        {
            // A defect of this program: fail the waiting operations and refuse later ones.
            SetFault(e);
            _queue.Writer.TryComplete(e);
            FailAll(e);
            while (_queue.Reader.TryRead(out var operation))
                operation.Fail(StorageFailure.Of(e, _path));
        }
        finally
        {
            Close();
            _ended.TrySetResult();
        }
    }

    private bool WaitForWork()
    {
        if (_queue.Reader.TryPeek(out _))
            return true;
        var wait = _queue.Reader.WaitToReadAsync();
        return wait.IsCompleted ? wait.Result : wait.AsTask().GetAwaiter().GetResult();
    }

    private void Drain()
    {
        _batch.Clear();
        for (long bytes = 0; _batch.Count < MaxBatch && bytes < MaxBatchBytes && _queue.Reader.TryRead(out var operation);)
        {
            if (operation is TickMark)
            {
                _due = true;
                _tickQueued = false;
                continue;
            }
            bytes += operation.Weight;
            _batch.Add(operation);
        }
    }

    private void CommitBatch()
    {
        if (_closedBy is { } cause)
        {
            FailAll(cause);
            return;
        }
        // An operation that is itself at fault is left out; the others share a commit as before.
        while (_batch.Count > 0)
        {
            if (TryCommit(out var culprit) is not { } failure)
            {
                foreach (var operation in _batch)
                    operation.Complete();
                return;
            }
            if (culprit is null || StorageFailure.ConcernsAll(failure))
            {
                FailAll(failure);
                return;
            }
            _batch.Remove(culprit);
            Fail(culprit, failure);
        }
    }

    /// <summary>
    /// Commits the batch. Returns null once everything is committed and visible to readers; otherwise why nothing is. An operation
    /// that fails before it has changed anything is failed here and leaves the batch.
    /// </summary>
    /// <param name="culprit">The operation that made the whole batch roll back; null if no single operation was at fault.</param>
    private Exception? TryCommit(out WriteOperation? culprit)
    {
        culprit = null;
        var started = _time.GetTimestamp();
        try
        {
            var session = Session;
            session.Begin();
            for (var i = 0; i < _batch.Count;)
            {
                culprit = _batch[i];
                if (TryApply(session, culprit))
                    i++;
                else
                    _batch.RemoveAt(i);
            }
            culprit = null;
            session.Commit();
            // Acknowledge nothing that is not in the file at the database's path.
            _files.Check();
        }
        catch (Exception e)
        {
            return Undo(e);
        }
        Volatile.Write(ref _commits, _commits + 1);
        OnCommitted(_time.GetElapsedTime(started));
        return null;
    }

    private bool TryApply(WriteSession session, WriteOperation operation)
    {
        var before = session.Changes;
        try
        {
            operation.Apply(session);
            return true;
        }
        catch (Exception e) when (!StorageFailure.ConcernsAll(e) && session.Changes == before)
        {
            Fail(operation, e);
            return false;
        }
    }

    private void OnCommitted(TimeSpan latency)
    {
        ClearFault();
        NoteLatency(latency);
        var lastCursor = Session.LastCursor;
        if (lastCursor == _lastCursor)
            return;
        Volatile.Write(ref _lastCursor, lastCursor);
        Arrived.Set();
    }

    private Exception Undo(Exception failure)
    {
        if (StorageFailure.ConcernsAll(failure))
            SetFault(failure);
        try
        {
            _session?.Rollback();
        }
        catch (Exception e) when (StorageFailure.ConcernsAll(e))
        {
            SetFault(e);
            _mustReopen = true;
        }
        return failure;
    }

    private void FailAll(Exception failure)
    {
        foreach (var operation in _batch)
            Fail(operation, failure);
    }

    private void Fail(WriteOperation operation, Exception failure)
    {
        if (operation is OwedOperation && (StorageFailure.ConcernsAll(failure) || failure == _closedBy))
            _owed.Enqueue(operation);
        else
            operation.Fail(failure as MesharaException ?? StorageFailure.Of(failure, _path));
    }

    /// <summary>Stands in for an operation in the queue, to wake the writer.</summary>
    private sealed class TickMark : WriteOperation
    {
        public override void Apply(WriteSession session) => throw new InvalidOperationException("A mark is never applied.");

        public override void Complete() => throw new InvalidOperationException("A mark is never applied.");

        public override void Fail(Exception failure)
        {
            // The writer has ended; there is nothing left to wake.
        }
    }
}
