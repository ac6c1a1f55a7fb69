using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;

namespace Meshara.Node.Storage.Sqlite;

/// <summary>One change somebody waits for. Applied inside a transaction, possibly twice, and answered after its end.</summary>
internal abstract class WriteOperation
{
    /// <summary>About how many bytes it writes.</summary>
    public int Weight { get; protected set; }

    public abstract void Apply(WriteSession session);

    /// <summary>It is committed.</summary>
    public abstract void Complete();

    /// <summary>It is not.</summary>
    public abstract void Fail(Exception failure);
}

/// <summary>A change that somebody awaits. Pooled: at full load one is used again thousands of times a second.</summary>
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

    /// <summary>To be awaited once: after that the instance belongs to somebody else.</summary>
    public ValueTask<TResult> Outcome => new(this, _outcome.Version);

    /// <summary>As <see cref="Outcome"/>, for a change without a result.</summary>
    public ValueTask Done => new(this, _outcome.Version);

    public override void Apply(WriteSession session) => _result = _apply!(session, _state);

    public override void Complete() => _outcome.SetResult(_result);

    public override void Fail(Exception failure) => _outcome.SetException(failure);

    /// <summary>Gives back an operation that never reached the queue.</summary>
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
