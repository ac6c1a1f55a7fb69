using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>One change. It is applied inside a transaction, possibly twice, and completed or failed after that has ended.</summary>
internal abstract class WriteOperation
{
    /// <summary>Approximate number of bytes it writes.</summary>
    public int Weight { get; protected set; }

    public abstract void Apply(WriteSession session);

    /// <summary>Called once the change is committed.</summary>
    public abstract void Complete();

    /// <summary>Called if the change is not committed.</summary>
    public abstract void Fail(Exception failure);
}

/// <summary>A change that a caller awaits. Pooled: under full load an instance is reused thousands of times a second.</summary>
internal sealed class WriteOperation<TState, TResult> : WriteOperation, IValueTaskSource<TResult>, IValueTaskSource
{
    private const int MaxPooled = 256;
    private static readonly ConcurrentQueue<WriteOperation<TState, TResult>> Pool = [];

    private ManualResetValueTaskSourceCore<TResult> _outcome = new() { RunContinuationsAsynchronously = true };
    private Func<WriteSession, TState, TResult>? _apply;
    private TState _state = default!;
    private TResult _result = default!;

    public static WriteOperation<TState, TResult> Create(TState state, int weight, Func<WriteSession, TState, TResult> apply)
    {
        if (!Pool.TryDequeue(out var operation))
            operation = new WriteOperation<TState, TResult>();
        operation._state = state;
        operation._apply = apply;
        operation.Weight = weight;
        return operation;
    }

    /// <summary>Await this only once: afterwards the instance may be reused.</summary>
    public ValueTask<TResult> Outcome => new(this, _outcome.Version);

    /// <summary>Like <see cref="Outcome"/>, for a change without a result.</summary>
    public ValueTask Done => new(this, _outcome.Version);

    public override void Apply(WriteSession session) => _result = _apply!(session, _state);

    public override void Complete() => _outcome.SetResult(_result);

    public override void Fail(Exception failure) => _outcome.SetException(failure);

    /// <summary>Returns the instance to the pool.</summary>
    public void Discard()
    {
        _outcome.Reset();
        _state = default!;
        _result = default!;
        _apply = null;
        if (Pool.Count < MaxPooled)
            Pool.Enqueue(this);
    }

    public TResult GetResult(short token)
    {
        try
        {
            return _outcome.GetResult(token);
        }
        finally
        {
            Discard();
        }
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _outcome.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _outcome.OnCompleted(continuation, state, token, flags);
}
